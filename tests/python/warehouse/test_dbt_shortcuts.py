"""What dbt leaves out in a build is what nobody would have seen."""

import hashlib
import inspect
import re
from collections.abc import Callable
from io import StringIO
from types import MethodType, SimpleNamespace

import pytest
from conftest import ROOT, YAML_FILES
from dbt import compilation
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.cache import RelationsCache
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.adapters.duckdb.relation import DuckDBRelation
from dbt.adapters.events.types import SQLQuery
from dbt.adapters.exceptions import ApproximateMatchError
from dbt.clients.jinja import MacroGenerator, MacroStack
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.contracts.graph.nodes import InjectedCTE
from dbt.events.types import NodeFinished
from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.logger import LineFormat, LoggerConfig
from dbt_common.events.types import Note

from retail_analytics.warehouse.dbt_shortcuts import (
    AttentiveEventManager,
    LateMessage,
    build_namespace,
    get_relation,
    has_no_foreign_key,
    inject_ctes_into_sql,
    macro_of,
    names_of,
    remember,
)

# dbt's own, before any build in this process takes the shortcuts
BUILD_NAMESPACE = MacroNamespaceBuilder.build_namespace
GET_RELATION = DuckDBAdapter.get_relation
INJECT_CTES = compilation.inject_ctes_into_sql
SHOWN = EventLevel.INFO, EventLevel.DEBUG


def logged(manager: EventManager, level: EventLevel) -> StringIO:
    """Adds a log of this level to the manager; what it will say."""
    said = StringIO()
    manager.add_logger(
        LoggerConfig(
            name=f"test_{type(manager).__name__}_{level.value}",
            level=level,
            line_format=LineFormat.PlainText,
            output_stream=said,
        )
    )
    return said


@pytest.mark.parametrize("level", SHOWN)
def test_logs_say_what_they_say_without_it(level: EventLevel) -> None:
    said = []
    for kind in (EventManager, AttentiveEventManager):
        manager = kind()
        log = logged(manager, level)
        manager.fire_event(Note(msg="for people"), EventLevel.INFO)
        manager.fire_event(Note(msg="for nobody"), EventLevel.DEBUG)
        manager.fire_event(Note(msg="a warning"), level=EventLevel.WARN)
        # the first ten signs are the time of day
        said.append([line[10:] for line in log.getvalue().splitlines()])
    assert said[0] == said[1]
    assert any("for people" in line for line in said[1])
    assert any("for nobody" in line for line in said[1]) == (level is EventLevel.DEBUG)


def test_the_progress_bar_hears_that_a_node_is_done() -> None:
    heard = []
    manager = AttentiveEventManager()
    manager.add_callback(lambda message: heard.append(message.info.name))
    manager.fire_event(NodeFinished())
    manager.fire_event(SQLQuery(sql="select 1"))
    assert heard == ["NodeFinished"]


def test_a_late_message_is_the_one_that_dbt_makes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"sql": "select 1", "conn_name": "main", "node_info": {"node_name": "orders"}}
    at_once = SQLQuery.__new__(SQLQuery)
    # as dbt makes it, also where the shortcut has been taken in this process before
    BaseEvent.__init__(at_once, **fields)
    monkeypatch.setattr(DebugLevel, "__init__", remember)
    monkeypatch.setattr(DebugLevel, "pb_msg", LateMessage(), raising=False)
    late, changed = SQLQuery(**fields), SQLQuery(**fields)
    assert late.message() == at_once.message()
    assert late.pb_msg == at_once.pb_msg
    changed.sql = "select 2"
    assert (changed.sql, changed.pb_msg.conn_name) == ("select 2", "main")


def test_a_macro_is_the_one_of_the_first_package_that_has_it() -> None:
    namespace = MacroNamespace(
        global_namespace={"a": "root", "b": "root"},
        local_namespace={"a": "local"},
        global_project_namespace={"a": "dbt", "b": "dbt", "c": "dbt"},
        packages={"helper": {"c": "helper"}},
    )
    found = {name: macro_of(namespace, name) for name in names_of(namespace)}
    assert found["a"] == "local" and found["b"] == "root" and found["c"] == "dbt"
    assert found["helper"] == {"c": "helper"}
    with pytest.raises(KeyError):
        macro_of(namespace, "unknown")


ROOT_PACKAGE, ADAPTER = "shop", "dbt_duckdb"


@pytest.mark.parametrize("of_node", [ROOT_PACKAGE, "helper", ADAPTER])
def test_a_context_has_the_macros_that_dbt_gives_it(of_node: str) -> None:
    wanted = [
        (ROOT_PACKAGE, "a"),
        *(("helper", name) for name in "ab"),
        *((ADAPTER, name) for name in "abc"),
        *(("dbt", name) for name in "abcd"),
    ]
    by_package: dict[str, dict[str, SimpleNamespace]] = {}
    for package, name in wanted:
        macro = SimpleNamespace(package_name=package, name=name, unique_id=f"{package}.{name}")
        by_package.setdefault(package, {})[name] = macro
    context, node, stack = {}, object(), MacroStack()

    def built(how: Callable) -> MacroNamespace:
        builder = MacroNamespaceBuilder(ROOT_PACKAGE, of_node, stack, [ADAPTER, "dbt"], node)
        return how(builder, by_package, context)

    def said(namespace: MacroNamespace) -> dict[str, object]:
        return {
            name: {key: vars(macro) for key, macro in found.items()}
            if isinstance(found, dict)
            else vars(found)
            for name, found in dict(namespace).items()
        }

    ours, theirs = built(build_namespace), built(BUILD_NAMESPACE)
    assert said(ours) == said(theirs)
    for package in ("dbt", "helper", ROOT_PACKAGE):
        assert vars(ours.get_from_package(package, "a")) == vars(
            theirs.get_from_package(package, "a")
        )


class Adapter:
    """What `get_relation` asks of dbt's adapter, over these relations."""

    Relation = DuckDBRelation

    def __init__(self, *names: str) -> None:
        self.cache = RelationsCache()
        self.relations = [
            DuckDBRelation.create(database="build", schema="marts", identifier=name)
            for name in names
        ]
        for relation in self.relations:
            self.cache.add(relation)
        self.cache.update_schemas([("build", "marts"), ("build", "empty")])
        self.config = SimpleNamespace(quoting=dict(database=True, schema=True, identifier=True))
        self._make_match_kwargs = MethodType(BaseAdapter._make_match_kwargs, self)
        self._make_match = MethodType(BaseAdapter._make_match, self)

    def _schema_is_cached(self, database: str, schema: str) -> bool:
        return (database, schema) in self.cache

    def list_relations(self, database: str, schema: str) -> list:
        return self.cache.get_relations(database, schema)


def test_a_relation_is_found_where_dbt_finds_it() -> None:
    adapter = Adapter("orders", "order_lines", "Customers")
    names = [("build", "marts", name) for name in ("orders", "order_lines", "Customers", "none")]
    for name in [*names, ("build", "empty", "orders")]:
        assert get_relation(adapter, *name) == GET_RELATION(adapter, *name)
    assert get_relation(adapter, *names[0]) is adapter.relations[0]
    # a name in other letters is dbt's error, and ours
    for how in (get_relation, GET_RELATION):
        with pytest.raises(ApproximateMatchError):
            how(adapter, "build", "marts", "ORDERS")


STATEMENTS = {
    "with": "with a as (select 1) select * from a",
    "comments": "-- first; then\n\n  -- with care\nWITH a as (select ';')\nselect * from a",
    "recursive": "with recursive a as (select 1) select * from a",
    "none": "select * from __dbt__cte__b",
    "two statements": "with a as (select 1) select * from a; select 2",
    "a name that begins so": "withdrawn",
}


@pytest.mark.parametrize("sql", STATEMENTS.values(), ids=STATEMENTS)
@pytest.mark.parametrize("names", [[], ["b"], ["b", "c"]], ids=len)
def test_ephemeral_models_stand_where_dbt_puts_them(sql: str, names: list[str]) -> None:
    ctes = [InjectedCTE(id=n, sql=f" __dbt__cte__{n} as (\nselect 1\n)") for n in names]
    assert inject_ctes_into_sql(sql, ctes) == INJECT_CTES(sql, ctes)


def test_ephemeral_models_stand_where_dbt_puts_them_in_models() -> None:
    ctes = [InjectedCTE(id="b", sql=" __dbt__cte__b as (\nselect 1\n)")]
    models = sorted((ROOT / "models/intermediate/experiments").glob("*.sql"))
    assert len(models) > 10
    for model in models[::4]:
        sql = re.sub(r"{[{%].*?[}%]}", "shop", model.read_text(), flags=re.DOTALL)
        assert inject_ctes_into_sql(sql, ctes) == INJECT_CTES(sql, ctes), model


def test_no_table_refers_to_another() -> None:
    """DuckDB's adapter looks for foreign keys before each model; the build does not."""
    assert not has_no_foreign_key(None, None)
    assert not [path for path in YAML_FILES if "foreign_key" in path.read_text()]


# what is replaced or relied on, as it was when the shortcuts were written
READ = {
    BUILD_NAMESPACE: "dcee80a6bc4f",
    MacroNamespaceBuilder.add_macro: "fcc9af4c920a",
    MacroGenerator.__init__: "ca8db6c1c00a",
    GET_RELATION: "ddaa6d675790",
    BaseAdapter.list_relations: "257c6d265d3a",
    INJECT_CTES: "1aa2645dd86b",
    BaseEvent.__init__: "19e8dedf2843",
    EventManager.fire_event: "5c04bc105a05",
    MacroNamespace._search_order: "28d9673a46dd",
    DuckDBAdapter._acquire_foreign_key_lock: "ffcf89719578",
}


@pytest.mark.parametrize("function", READ, ids=lambda function: function.__qualname__)
def test_the_insides_of_dbt_are_those_that_were_read(function: Callable) -> None:
    found = hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]
    assert found == READ[function], "read the function again, then change the figure"
