"""Work that dbt does for each node and nobody reads, left out of a build.

A build of this project has more than 500 nodes, and what dbt and its adapter do around each takes
more of a small shop's build than the queries. Each shortcut says what it leaves out; what is built
and what is printed is the same with and without them (tests/python/warehouse/test_dbt_shortcuts.py,
which also fails where a new dbt has other insides).
"""

import re
from collections.abc import Iterator
from typing import Any

from dbt import compilation
from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.adapters.reference_keys import _make_ref_key
from dbt.clients.jinja import MacroGenerator, MacroStack
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.contracts.graph.nodes import Macro
from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager

# events of level `debug` that this project listens to: ProgressBar
HEARD = frozenset({"NodeFinished"})
UNHEARD_LEVELS = (EventLevel.DEBUG, EventLevel.TEST)
# the WITH that a statement begins with, after comments of whole lines
BEGINNING = re.compile(r"(?:\s|--[^\n]*\n)*with(?:\s+recursive)?\s+", re.IGNORECASE)

inject_ctes = compilation.inject_ctes_into_sql
find_relation = DuckDBAdapter.get_relation


def take_shortcuts() -> None:
    """From now on dbt leaves out, in this process, what this module says."""
    ctx_set_event_manager(AttentiveEventManager())
    DebugLevel.__init__ = remember
    DebugLevel.pb_msg = LateMessage()
    DuckDBAdapter._is_foreign_key_target = has_no_foreign_key
    MacroNamespace.__iter__ = names_of
    MacroNamespace.__getitem__ = macro_of
    MacroNamespaceBuilder.build_namespace = build_namespace
    DuckDBAdapter.get_relation = get_relation
    compilation.inject_ctes_into_sql = inject_ctes_into_sql


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


def build_namespace(
    builder: MacroNamespaceBuilder,
    macros_by_package: dict[str, dict[str, Macro]],
    context: dict[str, Any],
) -> MacroNamespace:
    """The macros of a context, in as many steps as there are macros.

    dbt asks of each macro, twice a node, where it belongs and whether there are two of its name;
    parsing has asked that before.
    """
    made = {
        package: {
            name: generator(macro, context, builder.node, builder.thread_ctx)
            for name, macro in macros.items()
        }
        for package, macros in macros_by_package.items()
    }
    own = {p: macros for p, macros in made.items() if p not in builder.internal_package_names}
    built_in: dict[str, MacroGenerator] = {}
    for package in reversed(builder.internal_package_names_order):
        built_in.update(made.get(package, {}))
    is_root = builder.search_package == builder.root_package
    return MacroNamespace(
        global_namespace={} if is_root else own.get(builder.root_package, {}),
        local_namespace=own.get(builder.search_package, {}),
        global_project_namespace=built_in,
        packages=own,
    )


def generator(
    macro: Macro, context: dict[str, Any], node: Any, stack: MacroStack | None
) -> MacroGenerator:
    """The same as `MacroGenerator(macro, context, node, stack)`, without three calls inside."""
    made = MacroGenerator.__new__(MacroGenerator)
    made.macro, made.context, made.node, made.stack = macro, context, node, stack
    return made


def get_relation(
    adapter: DuckDBAdapter, database: str, schema: str, identifier: str
) -> BaseRelation | None:
    """The relation of this name, looked up where dbt's cache keeps it.

    dbt compares the name with those of all relations, for each node.
    """
    if not adapter._schema_is_cached(database, schema):
        return find_relation(adapter, database, schema, identifier)
    wanted = adapter.Relation.create(database=database, schema=schema, identifier=identifier)
    found = adapter.cache.relations.get(_make_ref_key(wanted))
    if found is None:
        return None
    return next(iter(adapter._make_match([found.inner], database, schema, identifier)), None)


def inject_ctes_into_sql(sql: str, ctes: list) -> str:
    """Ephemeral models before the first WITH; dbt looks for it by parsing the whole statement.

    Statements that do not begin with it, or that may be several, are dbt's.
    """
    beginning = BEGINNING.match(sql)
    code = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    if not ctes or beginning is None or any(";" in line for line in code):
        return inject_ctes(sql, ctes)
    end = beginning.end()
    return f"{sql[:end]}{', '.join(cte.sql for cte in ctes)}, {sql[end:]}"
