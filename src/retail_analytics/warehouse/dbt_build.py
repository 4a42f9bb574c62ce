"""Runs dbt in this process, with a progress bar where a person watches."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.exceptions import DbtUsageException
from dbt.cli.main import dbtRunner
from dbt_common.events import get_event_manager
from dbt_common.events.base_types import EventMsg
from tqdm import tqdm

from retail_analytics.warehouse.dbt_shortcuts import take_shortcuts

FAILED, NOT_UNDERSTOOD = 1, 2


@dataclass(frozen=True)
class Outcome:
    """How dbt ended: an exit code, and the error that stopped it, if one did."""

    exit_code: int
    message: str = ""
    was_interrupted: bool = False


class ProgressBar:
    """Draws dbt's events: one step a node, messages of the project above the bar."""

    def __init__(self) -> None:
        self.bar = tqdm(total=None, unit=" nodes", file=sys.stderr, leave=False)

    def __call__(self, event: EventMsg) -> None:
        if event.info.name == "LogStartLine":
            self.bar.total = event.data.total
            self.bar.set_description(event.data.node_info.node_name[:40])
        elif event.info.name == "NodeFinished":
            self.bar.update()
        elif event.info.name in ("JinjaLogInfo", "Note"):
            tqdm.write(event.info.msg, file=sys.stderr)


def without_frames(event: EventMsg) -> None:
    """Keeps dbt from printing the frames of an interrupt, which is no error of its own."""
    was_interrupted = event.info.name == "EndOfRunSummary" and event.data.keyboard_interrupt
    if event.info.name == "MainEncounteredError":
        was_interrupted = sys.exc_info()[0] is KeyboardInterrupt
    if was_interrupted:
        for logger in get_event_manager().loggers:
            logger.filter = is_no_frame


def is_no_frame(event: EventMsg) -> bool:
    return event.info.name not in ("MainEncounteredError", "MainStackTrace")


# how many new objects Python makes before it looks for unused ones, and the same of older ones
THRESHOLDS = (50_000, 20, 50)


@contextmanager
def few_collections() -> Iterator[None]:
    """Lets Python look for unused objects more rarely for a while.

    dbt makes about a million objects that stay to the end, its graph. By default Python looks
    through them again and again: a fifth of the processor time until the first node.
    """
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def keep_the_graph(event: EventMsg) -> None:
    """Sets what is there before the first node apart: it is not looked through any more."""
    if event.info.name == "ConcurrencyLine":
        gc.freeze()


def invoke_dbt(
    arguments: list[str],
    *,
    with_progress_bar: bool = False,
    is_quiet: bool = False,
    command: str = "build",
) -> Outcome:
    """`dbt build`, or another command, with these arguments."""
    take_shortcuts()
    bar = ProgressBar() if with_progress_bar else None
    runner = dbtRunner(callbacks=[without_frames, keep_the_graph, *([bar] if bar else [])])
    try:
        with few_collections():
            result = runner.invoke([*(["--quiet"] if bar or is_quiet else []), command, *arguments])
    finally:
        if bar:
            bar.bar.close()
    error = result.exception
    if isinstance(error, KeyboardInterrupt):
        return Outcome(FAILED, was_interrupted=True)
    if error is not None:
        code = NOT_UNDERSTOOD if isinstance(error, DbtUsageException) else FAILED
        return Outcome(code, str(error))
    return Outcome(0 if result.success else FAILED)


def close_files() -> None:
    """Closes the database files that dbt otherwise keeps open to the end of the process."""
    DuckDBConnectionManager.close_all_connections()
