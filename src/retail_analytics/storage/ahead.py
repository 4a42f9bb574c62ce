"""Work that threads do ahead of whoever uses it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
THREADS = 2


def made_ahead(function: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
    """What the function makes of each item, in order, THREADS of them made at once.

    Worth it where the function spends its time in numpy, which leaves Python free.

    Example
    -------
    >>> list(made_ahead(abs, [-3, 2, -1]))
    [3, 2, 1]
    """
    ahead: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for item in items:
            if len(ahead) == THREADS:
                yield ahead.popleft().result()
            ahead.append(pool.submit(function, item))
        while ahead:
            yield ahead.popleft().result()
