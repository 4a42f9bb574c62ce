"""Named reads: bounded pages of published tables, filtered by what a caller may ask for.

A read is declared once (`subjects.py`) and served by MCP and HTTP alike. It selects, filters, sorts
and pages; every figure in it stands in a mart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from retail_analytics.serving.api.published import Build
from retail_analytics.serving.api.values import as_json, json_type, unit_of
from retail_analytics.serving.catalog import Table
from retail_analytics.storage.sql import identifier

MOST_ROWS = 1_000
MOST_OFFSET = 100_000
TEXT_CHARACTERS = 200
OPERATORS = {"is": "=", "at_least": ">=", "at_most": "<="}
# what a section is when it has no rows to show
OK, EMPTY, NOT_BUILT = "ok", "empty", "not_built"


class NotFound(LookupError):
    """What was asked for is not in this build; the message says what is."""


class BadRequest(ValueError):
    """A parameter has a value that is not answered; the message says which ones are."""


class NotBuilt(LookupError):
    """What was asked for is no part of this build, though it may be of another."""


@dataclass(frozen=True)
class Parameter:
    """What a caller may ask for: a name with its type in JSON, and what it means.

    `of` names the table and column that must hold the value, so that an unknown one is an error
    and no empty answer. The `default` does not hold where the parameter `unless` is given.
    `advice` is what to do about a value that was not built.
    """

    name: str
    meaning: str
    type: str = "string"
    least: int | None = None
    most: int | None = None
    default: object = None
    unless: str = ""
    of: tuple[str, str] | None = None
    advice: str = ""
    is_required: bool = False

    @property
    def schema(self) -> dict:
        """JSON Schema of the value."""
        schema: dict = {"type": self.type, "description": self.meaning}
        if self.type == "date":
            schema |= {"type": "string", "format": "date"}
        elif self.type == "string":
            schema["maxLength"] = TEXT_CHARACTERS
        if self.least is not None:
            schema["minimum"] = self.least
        if self.most is not None:
            schema["maximum"] = self.most
        if self.default is not None:
            schema["default"] = self.default
        return schema


@dataclass(frozen=True)
class Section:
    """One table of an answer: which rows, in which order, filtered by which parameters.

    `filters` gives for a parameter the column it is compared with, and how: `horizon_days` or
    `("at_most", "horizon_months")`. `where` always holds; `rows` is the page when nobody asks for
    one; a section that is not `is_paged` has only that page.
    """

    name: str
    table: str
    order: str
    filters: dict[str, str | tuple[str, str]]
    where: str = ""
    rows: int = 20
    is_paged: bool = False
    needs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What one tool or endpoint answers: a few sections under one name."""

    name: str
    title: str
    meaning: str
    method: str
    sections: tuple[Section, ...]
    parameters: tuple[Parameter, ...] = ()
    domain: str = ""

    @property
    def tables(self) -> list[str]:
        return [section.table for section in self.sections]


def answer(
    build: Build,
    subject: Subject,
    given: dict,
    *,
    limit: int | None = None,
    offset: int = 0,
    only: Sequence[str] | None = None,
) -> dict:
    """The sections of a subject with the build, units, methods and states.

    `only` names the sections that are shown. Raises NotFound, BadRequest.
    """
    asked = with_defaults(subject, given)
    check_known(build, subject, asked)
    sections = {}
    for section in part_of(subject, only).sections:
        if any(name not in asked for name in section.needs):
            continue
        if any(name in asked for name in section.without):
            continue
        page = (limit or section.rows, offset) if section.is_paged else (section.rows, 0)
        shown = read_section(build, section, asked, limit=page[0], offset=page[1])
        if not section.is_paged:
            # an offset would not be followed: the same rows would come again and again
            shown["next_offset"] = None
        sections[section.name] = shown
    states = [section["status"] for section in sections.values()]
    return {
        **about(build),
        "method": subject.method,
        "status": OK if OK in states else EMPTY if EMPTY in states else NOT_BUILT,
        "sections": sections,
    }


def part_of(subject: Subject, names: Sequence[str] | None) -> Subject:
    """The subject with these sections; with all where none is named."""
    kept = tuple(section for section in subject.sections if not names or section.name in names)
    return replace(subject, sections=kept)


def with_defaults(subject: Subject, given: dict) -> dict:
    """What was asked for, and the defaults of what was not."""
    asked = {
        parameter.name: parameter.default
        for parameter in subject.parameters
        if parameter.default is not None and given.get(parameter.unless) is None
    }
    return asked | {name: value for name, value in given.items() if value is not None}


def about(build: Build) -> dict:
    """What every answer says of itself."""
    catalog = build.catalog
    return {
        "as_of_date": as_json(catalog.as_of_date),
        "built_at": as_json(catalog.built_at),
        "build": build.id,
        "currency": catalog.currency,
    }


def check_known(build: Build, subject: Subject, asked: dict) -> None:
    """Raises NotFound for a value that its table does not hold."""
    for parameter in subject.parameters:
        value = asked.get(parameter.name)
        if parameter.of is None or value is None:
            continue
        table = build.catalog.find(parameter.of[0])
        if table is None:
            continue
        column = identifier(parameter.of[1])
        _, found = build.rows(f"select 1 from {table.sql_name} where {column} = ? limit 1", [value])
        if not found:
            text = unknown_value(build, parameter, table, value) + parameter.advice
            # an id may be unknown; a number is a setting that was not built
            raise NotFound(text) if isinstance(value, str) else BadRequest(text)


def unknown_value(build: Build, parameter: Parameter, table: Table, value: object) -> str:
    """What to say of a value that is not there: the others, where they are few."""
    column = identifier(parameter.of[1])
    _, others = build.rows(
        f"select distinct {column} from {table.sql_name} where {column} is not null "
        "order by all limit 21"
    )
    shown = repr(value)[:100]
    if not others:
        return f"there is no {parameter.name} {shown}: {table.name} has no rows in this build"
    if isinstance(others[0][0], float | Decimal):
        _, ends = build.rows(f"select min({column}), max({column}) from {table.sql_name}")
        least, most = ends[0]
        return (
            f"{parameter.name} {shown} was not built: row by row this build has values from "
            f"{least:.4g} to {most:.4g}"
        )
    if len(others) > 20:
        return f"there is no {parameter.name} {shown} in {table.name} of this build"
    listed = ", ".join(str(other) for (other,) in others)
    return f"there is no {parameter.name} {shown}; this build has: {listed}"


def read_section(build: Build, section: Section, asked: dict, *, limit: int, offset: int) -> dict:
    """One page of a table with what its columns mean."""
    table = build.catalog.find(section.table)
    if table is None:
        return nothing(section.table, NOT_BUILT, f"this build has no table {section.table}")
    where, values = conditions(section, asked)
    return page(build, table, where, values, order=section.order, limit=limit, offset=offset)


def conditions(section: Section, asked: dict) -> tuple[str, list]:
    """The condition of a section's rows, with its values."""
    parts, values = [f"({section.where})"] if section.where else [], []
    for parameter, target in section.filters.items():
        if parameter in asked:
            how, column = target if isinstance(target, tuple) else ("is", target)
            parts.append(f"{identifier(column)} {OPERATORS[how]} ?")
            values.append(asked[parameter])
    return (f" where {' and '.join(parts)}" if parts else ""), values


def page_sql(table: Table, where: str, *, order: str, limit: int, offset: int) -> str:
    """The rows of a page, by its order and then by the key: pages do not overlap."""
    if not 1 <= limit <= MOST_ROWS + 1:
        raise BadRequest(f"limit must be 1 to {MOST_ROWS:,}; read on with offset")
    if not 0 <= offset <= MOST_OFFSET:
        raise BadRequest(f"offset must be 0 to {MOST_OFFSET:,}; filter instead")
    # a build of another version may lack a column: its rows come by their key then
    words = [part for part in order.split(", ") if part.split(" ")[0] in table.column_names]
    by = ", ".join([*words, *(identifier(name) for name in table.key)]) or "all"
    return f"select * from {table.sql_name}{where} order by {by} limit {limit:d} offset {offset:d}"


def page(
    build: Build, table: Table, where: str, values: list, *, order: str, limit: int, offset: int
) -> dict:
    """A page of a table's rows with what its columns mean."""
    sql = page_sql(table, where, order=order, limit=limit + 1, offset=offset)
    names, rows = build.rows(sql, values)
    if not rows:
        reason = "no row is like this" if values or offset else why_empty(build, table)
        return nothing(table.name, EMPTY, reason) | {"grain": table.grain}
    kept = [{n: as_json(v) for n, v in zip(names, row, strict=True)} for row in rows[:limit]]
    return {
        "table": table.name,
        "grain": table.grain,
        "status": OK,
        "reason": "",
        "units": units_of(build, table),
        "row_count": len(kept),
        "has_more": len(rows) > limit,
        "next_offset": offset + limit if len(rows) > limit else None,
        "methods": said(kept, "method"),
        "row_statuses": said(kept, "status"),
        "rows": kept,
    }


def nothing(table: str, status: str, reason: str) -> dict:
    return {
        **{"table": table, "grain": "", "status": status, "reason": reason, "units": {}},
        **{"row_count": 0, "has_more": False, "next_offset": None},
        **{"methods": [], "row_statuses": [], "rows": []},
    }


def said(rows: list[dict], column: str) -> list[str]:
    """The different words that rows have in a column, in order of their first use."""
    return list(dict.fromkeys(str(row[column]) for row in rows if row.get(column) is not None))


def units_of(build: Build, table: Table) -> dict[str, str]:
    found = {
        column.name: unit_of(table, column, build.catalog.currency) for column in table.columns
    }
    return {name: unit for name, unit in found.items() if unit}


def why_empty(build: Build, table: Table) -> str:
    """Which of the inputs that a table is made from were not given, where it is empty."""
    if not table.inputs or build.catalog.find("input_summary") is None:
        return f"{table.name} has no rows in this build"
    _, missing = build.rows(
        "select input_table from quality.input_summary "
        "where rows_kept = 0 and list_contains(?, input_table) order by all",
        [list(table.inputs)],
    )
    listed = ", ".join(name for (name,) in missing)
    return f"{table.name} has no rows in this build; " + (
        f"of the inputs that it is made from, these have no usable row: {listed}"
        if listed
        else f"all inputs that it is made from have rows ({', '.join(table.inputs)}), but none of "
        "the kind that it is about"
    )


def described(build: Build, table: Table) -> dict:
    """A table for somebody who has never seen it."""
    personal = build.personal
    return {
        "table": table.name,
        "schema": table.schema,
        "domain": table.domain,
        "description": table.comment,
        "row_count": table.row_count,
        "key": list(table.key),
        "inputs": list(table.inputs),
        "columns": [
            {
                "name": column.name,
                "type": column.type,
                "json_type": json_type(column.type),
                "unit": unit_of(table, column, build.catalog.currency),
                "description": column.comment,
                "personal": personal.get((table.name, column.name), ""),
            }
            for column in table.columns
        ],
    }


def find_table(build: Build, name: str) -> Table:
    """The table of this name. Raises NotFound, with names that are like it."""
    table = build.catalog.find(name)
    if table is None:
        word = name.lower()[:50]
        near = [item.name for item in build.catalog.tables if word and word in item.name][:10]
        raise NotFound(
            f"there is no table {name[:100]!r}; "
            + (f"near it: {', '.join(near)}" if near else "list them first")
        )
    return table


def filter_value(table: Table, name: str, text: str) -> object:
    """The text of a filter as a value of its column. Raises BadRequest."""
    column = next((column for column in table.columns if column.name == name), None)
    if column is None:
        listed = ", ".join(table.column_names)
        raise BadRequest(f"{table.name} has no column {name[:100]!r}; it has: {listed}")
    kind = json_type(column.type)
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[text.lower()]
        if kind == "integer":
            value = int(text)
            if not -(2**63) <= value < 2**63:
                raise ValueError
            return value
        if kind == "number":
            return float(text)
        if column.type == "DATE":
            return date.fromisoformat(text)
    except (ValueError, KeyError) as error:
        raise BadRequest(f"{name} is {column.type}; {text[:100]!r} is not") from error
    if kind in ("array", "object"):
        raise BadRequest(f"{name} is {column.type}; filter by another column")
    return text
