"""Work that dbt does for each node and nobody reads, left out of a build.

A build of this project has more than 500 nodes, and what dbt and its adapter do around each takes
more of a small shop's build than the queries. Each shortcut says what it leaves out; what is built
and what is printed is the same with and without them (tests/python/warehouse/test_dbt_shortcuts.py,
which also fails where a new dbt has other insides).
"""

from collections.abc import Iterator
from typing import Any

from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.context.macros import MacroNamespace
from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager

# events of level `debug` that this project listens to: ProgressBar
HEARD = frozenset({"NodeFinished"})
UNHEARD_LEVELS = (EventLevel.DEBUG, EventLevel.TEST)


def take_shortcuts() -> None:
    """From now on dbt leaves out, in this process, what this module says."""
    ctx_set_event_manager(AttentiveEventManager())
    DebugLevel.__init__ = remember
    DebugLevel.pb_msg = LateMessage()
    DuckDBAdapter._is_foreign_key_target = has_no_foreign_key
    MacroNamespace.__iter__ = names_of
    MacroNamespace.__getitem__ = macro_of


class AttentiveEventManager(EventManager):
    """Makes no message of an event that no log takes.

    dbt makes a message of each, writes it as a line for the screen and as one for the file, and
    only then leaves out those below the level of the log: about 30 a node.
    """

    def fire_event(
        self, e: BaseEvent, level: EventLevel | None = None, *arguments: Any, **options: Any
    ) -> None:
        if (level or e.level_tag()) not in UNHEARD_LEVELS or self.hears(e):
            super().fire_event(e, level, *arguments, **options)

    def hears(self, event: BaseEvent) -> bool:
        return type(event).__name__ in HEARD or any(
            logger.level in UNHEARD_LEVELS for logger in self.loggers
        )


def remember(event: DebugLevel, *arguments: Any, **fields: Any) -> None:
    """In place of an event's `__init__`, which fills a protobuf message field by field."""
    object.__setattr__(event, "said", (arguments, fields))


class LateMessage:
    """The message of such an event, made when it is asked for the first time."""

    def __get__(self, event: DebugLevel | None, owner: type) -> Any:
        if event is None:
            return self
        arguments, fields = event.__dict__["said"]
        # sets the event's own `pb_msg`, which is found before this one from then on
        BaseEvent.__init__(event, *arguments, **fields)
        return event.__dict__["pb_msg"]


def has_no_foreign_key(adapter: DuckDBAdapter, model: Any) -> bool:
    """Whether a table of the schema refers to the model's: none does (tests/python/project).

    The adapter asks DuckDB for all constraints of all tables, before each public model, one model
    at a time.
    """
    return False


def names_of(namespace: MacroNamespace) -> Iterator[str]:
    return iter(merged(namespace))


def macro_of(namespace: MacroNamespace, name: str) -> Any:
    return merged(namespace)[name]


def merged(namespace: MacroNamespace) -> dict[str, Any]:
    """The macros by name, each of the first package that has it.

    dbt makes a dictionary of its 600 macros twice a node, and looks for each in five packages.
    """
    found = namespace.__dict__.get("by_name")
    if found is None:
        found = {}
        for macros in reversed(list(namespace._search_order())):
            found.update(macros)
        namespace.by_name = found
    return found
