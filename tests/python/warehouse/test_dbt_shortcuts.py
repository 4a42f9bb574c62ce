"""What dbt leaves out in a build is what nobody would have seen."""

import hashlib
import inspect
from collections.abc import Callable
from io import StringIO

import pytest
from conftest import YAML_FILES
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.adapters.events.types import SQLQuery
from dbt.context.macros import MacroNamespace
from dbt.events.types import NodeFinished
from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.logger import LineFormat, LoggerConfig
from dbt_common.events.types import Note

from retail_analytics.warehouse.dbt_shortcuts import (
    AttentiveEventManager,
    LateMessage,
    has_no_foreign_key,
    macro_of,
    names_of,
    remember,
)

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


def test_no_table_refers_to_another() -> None:
    """DuckDB's adapter looks for foreign keys before each model; the build does not."""
    assert not has_no_foreign_key(None, None)
    assert not [path for path in YAML_FILES if "foreign_key" in path.read_text()]


# what is replaced or relied on, as it was when the shortcuts were written
READ = {
    BaseEvent.__init__: "19e8dedf2843",
    EventManager.fire_event: "5c04bc105a05",
    MacroNamespace._search_order: "28d9673a46dd",
    DuckDBAdapter._acquire_foreign_key_lock: "ffcf89719578",
}


@pytest.mark.parametrize("function", READ, ids=lambda function: function.__qualname__)
def test_the_insides_of_dbt_are_those_that_were_read(function: Callable) -> None:
    found = hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]
    assert found == READ[function], "read the function again, then change the figure"
