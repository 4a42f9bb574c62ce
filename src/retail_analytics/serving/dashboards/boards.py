"""Boards: what the YAML files say, checked, and filled with rows of the published file."""

import math
import string
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import yaml

from retail_analytics.serving.catalog import Catalog

# kind of block: the columns that its query must return
KINDS = {
    "line": {"month", "value"},
    "bars": {"label", "value"},
    "points": {"label", "value", "lower", "upper"},
    "heatmap": {"row", "column", "value"},
    "table": set(),
}
# keys that a part must have, and those that it may have
BOARD_KEYS = {"title", "question", "order", "blocks"}, {"filter"}
CARDS_KEYS = {"kind", "cards"}, set()
CARD_KEYS = {"label", "unit", "sql", "comparison", "needs"}, {"format", "inputs"}
BLOCK_KEYS = (
    {"kind", "title", "unit", "sql", "needs"},
    {"note", "format", "wide", "answer", "inputs", "none"},
)
KIND_KEYS = {
    "line": (set(), {"from_zero"}),
    "heatmap": ({"x"}, set()),
    "table": ({"columns"}, {"rows"}),
}
ANSWER_KEYS = {"sql", "text"}, set()
# a chart of more rows is no longer one that a person reads, nor a page that one sends
CHART_ROWS = 20_000


@dataclass(frozen=True)
class Card:
    """A figure with its unit and what to compare it with; `empty` says why there is none."""

    label: str
    unit: str
    figure: str
    comparison: str
    empty: str


@dataclass(frozen=True)
class Block:
    """A chart or table with its rows, as plain JSON values; `empty` says why there are none."""

    kind: str
    spec: dict
    title: str
    unit: str
    answer: str
    columns: list[str]
    rows: list[dict]
    row_count: int
    empty: str


@dataclass(frozen=True)
class Board:
    title: str
    question: str
    as_of: date | None
    built_at: datetime
    filter_label: str
    filter_values: list[str]
    blocks: list[list[Card] | Block] = field(default_factory=list)


def read_boards(folder: Path) -> dict[str, dict]:
    """The YAML of each board by file name, in the order that they give."""
    specs = {path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yml")}
    if not specs:
        raise ValueError(f"there is no board in {folder}")
    for name, spec in specs.items():
        known(spec, BOARD_KEYS, name)
        for place, block in enumerate(spec["blocks"], start=1):
            where = f"{name}.yml, block {place}"
            if block["kind"] == "cards":
                known(block, CARDS_KEYS, where)
                for card in block["cards"]:
                    known(card, CARD_KEYS, f"{where}, card {card.get('label')}")
            elif block["kind"] in KINDS:
                needed, optional = KIND_KEYS.get(block["kind"], (set(), set()))
                known(block, (BLOCK_KEYS[0] | needed, BLOCK_KEYS[1] | optional), where)
                if "answer" in block:
                    known(block["answer"], ANSWER_KEYS, where)
            else:
                raise ValueError(f"{where}: kind is {block['kind']}, not cards, {', '.join(KINDS)}")
    return dict(sorted(specs.items(), key=lambda item: item[1]["order"]))


def known(spec: dict, keys: tuple[set[str], set[str]], where: str) -> None:
    """Stops at a key that is neither needed nor optional, and at a needed one that is not there."""
    needed, optional = keys
    if unknown := sorted(spec.keys() - needed - optional):
        every = ", ".join(sorted(needed | optional))
        raise ValueError(f"{where}: unknown {', '.join(unknown)}; known are {every}")
    if missing := sorted(needed - spec.keys()):
        raise ValueError(f"{where}: {', '.join(missing)} missing")


def fill(catalog: Catalog, spec: dict, *, where: str) -> Board:
    """A board with the rows of its queries."""
    con = catalog.con
    given = con.execute("select input_table, rows_kept > 0 from quality.input_summary").fetchall()
    reader = Reader(con, dict(given), catalog.currency or "currency units")
    blocks = [
        [reader.card(card, where) for card in block["cards"]]
        if block["kind"] == "cards"
        else reader.block(block, where)
        for block in spec["blocks"]
    ]
    choices = [
        row["slice"]
        for block in blocks
        if isinstance(block, Block) and block.kind != "table"
        for row in block.rows
        if "slice" in row
    ]
    return Board(
        title=spec["title"],
        question=spec["question"],
        as_of=catalog.as_of_date,
        built_at=catalog.built_at,
        filter_label=spec.get("filter", ""),
        filter_values=list(dict.fromkeys(choices)),
        blocks=blocks,
    )


@dataclass(frozen=True)
class Reader:
    """Fills cards and blocks; `given` says of each input table whether it has rows."""

    con: duckdb.DuckDBPyConnection
    given: dict[str, bool]
    currency: str

    def card(self, spec: dict, where: str) -> Card:
        rows, columns = self.query(spec["sql"], f"{where}, card {spec['label']}", most=1)
        require({"value"}, columns, f"{where}, card {spec['label']}")
        row = rows[0] if rows else dict.fromkeys(columns)
        is_known = row["value"] is not None
        return Card(
            label=spec["label"],
            unit=self.text(spec["unit"], row),
            figure=shown(row["value"], spec.get("format", ",.0f")),
            comparison=self.text(spec["comparison"], row) or "Nothing to compare with yet."
            if is_known
            else "",
            empty="" if is_known else self.why_empty(spec),
        )

    def block(self, spec: dict, where: str) -> Block:
        where = f"{where}, {spec['title']}"
        is_table = spec["kind"] == "table"
        most = spec.get("rows", 10) if is_table else CHART_ROWS
        rows, columns = self.query(spec["sql"], where, most=most)
        row_count = self.count(spec["sql"], where) if len(rows) == most else len(rows)
        if row_count > most and not is_table:
            raise ValueError(f"{where}: {row_count:,} rows are too many for a chart")
        require(KINDS[spec["kind"]], columns, where)
        if is_table:
            require(set(spec["columns"]), columns, where)
            columns = list(spec["columns"])
        elif spec["kind"] != "line" or all(row["value"] is None for row in rows):
            # a line shows an unknown month as a gap; elsewhere there is nothing to draw
            rows = [row for row in rows if row["value"] is not None]
        answer = ""
        if "answer" in spec:
            found, _ = self.query(spec["answer"]["sql"], where, most=1)
            answer = self.text(spec["answer"]["text"], found[0]) if found else ""
        return Block(
            kind=spec["kind"],
            spec=spec,
            title=spec["title"],
            unit=self.text(spec["unit"], {}),
            answer=answer,
            columns=columns,
            rows=[{name: plain(value) for name, value in row.items()} for row in rows],
            row_count=row_count,
            empty="" if rows else self.why_empty(spec),
        )

    def query(self, sql: str, where: str, *, most: int) -> tuple[list[dict], list[str]]:
        try:
            result = self.con.execute(sql)
        except duckdb.Error as error:
            raise ValueError(f"{where}: {error}") from error
        columns = [column[0] for column in result.description]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchmany(most)], columns

    def count(self, sql: str, where: str) -> int:
        return self.query(f"select count(*) as n from (\n{sql}\n) as rows", where, most=1)[0][0][
            "n"
        ]

    def text(self, template: str, row: dict) -> str:
        """The template with the row's values; nothing where one of them is unknown."""
        try:
            return Words().format(template, currency=self.currency, **row)
        except UnknownValue:
            return ""
        except KeyError as error:
            raise ValueError(f"the query returns no column {error} for '{template}'") from error

    def why_empty(self, spec: dict) -> str:
        """Which inputs are missing, else that there is none of it, else what it needs."""
        if missing := [name for name in spec.get("inputs", []) if not self.given.get(name)]:
            names = " and ".join(missing)
            return f"Nothing to show: no rows of {names} were given. This needs {spec['needs']}."
        return spec.get("none") or f"Nothing to show yet: this needs {spec['needs']}."


class UnknownValue(Exception):
    """A sentence needs a value that is null."""


class Words(string.Formatter):
    """Formats values in sentences as everywhere else on the page."""

    def format_field(self, value: object, form: str) -> str:
        if value is None:
            raise UnknownValue
        return shown(value, form)


def require(needed: set[str], columns: list[str], where: str) -> None:
    if missing := sorted(needed - set(columns)):
        raise ValueError(f"{where}: the query returns no column {', '.join(missing)}")


def shown(value: object, form: str) -> str:
    """A value as people read it; a dash where it is unknown."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.strftime(form if "%" in form else "%-d %b %Y")
    if isinstance(value, int | float | Decimal):
        text = format(value, form)
        # a true minus sign, and none before zero
        return text.replace("-", "−" if set(text) & set("123456789") else "")
    return str(value)


def plain(value: object) -> object:
    """A value that JSON has: no decimals, no NaN; dates as ISO text."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        # six digits are more than a screen shows
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, date) else value
