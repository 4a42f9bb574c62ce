"""A second process for fits, beside the one that dbt runs in.

Python runs one thread at a time, and what dbt itself does for each node (templates, events, the
graph) is Python: a fit in one of its threads takes turns with it, and the second core stands idle.
`retail build` starts the process before it imports dbt: the libraries of the fits, which take
seconds to import, are there when the first fit comes.

A fit is computed by the same function from the same frames, here or there. It runs here where there
is no such process (plain `dbt build`, a part of the project), where that one is at work, and where
its frames are too large to be copied.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from retail_analytics.storage.heap import give_back_memory

# frames of more bytes are not copied to the other process
MOST_BYTES = 50_000_000


class SecondProcess:
    """A process that computes one fit at a time."""

    def __init__(self) -> None:
        self.is_busy = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # as in the process of dbt: more threads would only fight over the cores
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def compute(self, function: Callable, arguments: tuple, options: dict) -> Any:
        """The function's result; whatever it raises. The caller holds `is_busy`."""
        try:
            pickle.dump((function, arguments, options), self.process.stdin, protocol=5)
            self.process.stdin.flush()
            result, error = pickle.load(self.process.stdout)
        except (EOFError, BrokenPipeError) as ended:
            raise RuntimeError(
                f"the process of the fits ended with {self.process.wait()}; "
                f"where memory was short, a smaller MEMORY_LIMIT leaves it more"
            ) from ended
        if error is not None:
            raise error
        return result

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        # what it was not sent to the end has no reader any more
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()


running: SecondProcess | None = None


@contextmanager
def second_process() -> Iterator[None]:
    """Keeps a second process for fits while it lasts."""
    global running
    before, own = running, SecondProcess()
    running = own
    try:
        yield
    finally:
        running = before
        own.end()


def apart(function: Callable, *arguments: Any, **options: Any) -> Any:
    """`function(*arguments, **options)`, in the second process where there is one and it is free.

    The function is one of a module's own, its arguments and its result can be pickled.
    """
    there = running
    if (
        there is None
        or frame_bytes([*arguments, *options.values()]) > MOST_BYTES
        or not there.is_busy.acquire(blocking=False)
    ):
        return function(*arguments, **options)
    try:
        return there.compute(function, arguments, options)
    finally:
        there.is_busy.release()


def frame_bytes(values: list) -> int:
    """What the tables and columns among some values take, about."""
    return sum(map(size_of, values))


def size_of(value: object) -> int:
    # pandas is not imported for it: the process is to start before anything that takes long
    if hasattr(value, "memory_usage"):
        used = value.memory_usage()
        return int(used if isinstance(used, int) else used.sum())
    return int(getattr(value, "nbytes", 0))


def serve() -> None:
    """Computes what is asked for, until nobody can ask any more."""
    # an interrupt is for the process of dbt, which ends this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    # whatever a library prints must not stand between the answers
    os.dup2(2, 1)
    import retail_analytics.warehouse.python_model_imports  # noqa: F401

    while True:
        try:
            function, arguments, options = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = pickle.dumps((function(*arguments, **options), None), protocol=5)
        except Exception as error:
            error.add_note(traceback.format_exc())
            answer = pickle.dumps((None, error), protocol=5)
        try:
            answers.write(answer)
            answers.flush()
        except BrokenPipeError:
            # who asked was killed: without a word, and without flushing what nobody reads
            os._exit(0)
        del function, arguments, options, answer
        give_back_memory()


if __name__ == "__main__":
    serve()
