"""The SQL of a model as dbt would write it, without dbt: for tests that run a few tables alone."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb
import jinja2
import yaml

ROOT = Path(__file__).parents[2]
DEFINED = re.compile(r"\{%-?\s*macro\s+(\w+)")
CALLED = re.compile(r"\b(\w+)\(")


@cache
def macro_files() -> dict[str, Path]:
    """Each macro of the project and the file that it stands in."""
    return {
        name: path
        for path in sorted((ROOT / "macros").rglob("*.sql"))
        for name in DEFINED.findall(path.read_text(encoding="utf-8"))
    }


def with_macros(text: str, without: frozenset[str] = frozenset()) -> str:
    """The text after all files of the macros that it calls, and that those call.

    Names in `without` are the caller's own.
    """
    found: dict[Path, str] = {}
    unread = [text]
    while unread:
        for name in set(CALLED.findall(unread.pop())) - without:
            path = macro_files().get(name)
            if path and path not in found:
                found[path] = path.read_text(encoding="utf-8")
                unread.append(found[path])
    return "".join(found[path] for path in sorted(found)) + text


@cache
def project_vars() -> dict:
    """The values of `vars` in dbt_project.yml."""
    return yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]


def staged(table: str) -> str:
    """All rows of an input, as `kept` gives them where a test has none that are rejected."""
    return f"stg_{table}"


def staged_and_kept(table: str) -> str:
    """The rows of an input that were not rejected."""
    return f"(select * from stg_{table} where reasons is null)"


def render(text: str, kept: Callable[[str], str] = staged) -> str:
    """The SQL of a template in a shop of UTC; inputs and tables stand under their own names."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    given = {
        "ref": lambda table: table,
        "source": lambda _, table: f"raw.{table}",
        "kept": kept,
        "kept_or_rejected": staged,
        "var": project_vars().__getitem__,
        "shop_time_zone": lambda: "UTC",
        "env_var": lambda name, default="": default,
    }
    return environment.from_string(with_macros(text, frozenset(given))).render(given)


def model(name: str) -> str:
    """The template of a model of the project."""
    (path,) = (ROOT / "models").rglob(f"{name}.sql")
    return path.read_text(encoding="utf-8")


@cache
def compiled(name: str, kept: Callable[[str], str] = staged) -> str:
    """The SQL of a model of the project."""
    return render(model(name), kept)


def run_models(
    con: duckdb.DuckDBPyConnection,
    models: dict[str, str],
    kept: Callable[[str], str] = staged,
) -> None:
    """Creates the tables and views of these models, in this order."""
    for name, kind in models.items():
        con.execute(f"create or replace {kind} {name} as {compiled(name, kept)}")
