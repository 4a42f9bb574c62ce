"""Questions: what the YAML files of `dashboards/` ask, answered from the published file.

A topic is one file: cards (key figures) and blocks (charts and tables). Pages, reports and every
other reader show the same questions with the same answers, reasons and words.
"""

import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb

from retail_analytics.serving.catalog import Catalog, CatalogError
from retail_analytics.serving.values import is_missing, shown
from retail_analytics.storage.sql import literal
from retail_analytics.storage.yaml_files import read_yaml

# kind of block: the columns that its query must return
KINDS = {
    "line": {"month", "value"},
    "bars": {"label", "value"},
    "points": {"label", "value", "lower", "upper"},
    "curve": {"x", "value", "lower", "upper", "is_current", "is_extrapolated"},
    "heatmap": {"row", "column", "value"},
    "table": set(),
}
# keys that a part must have, and those that it may have
TOPIC_KEYS = (
    {"title", "question", "order", "blocks"},
    {"filter", "notes", "domains", "metrics", "inputs"},
)
CARDS_KEYS = {"kind", "cards"}, set()
CARD_KEYS = {"label", "unit", "sql", "comparison", "needs"}, {"format", "inputs", "none"}
BLOCK_KEYS = (
    {"kind", "title", "unit", "sql", "needs"},
    {"note", "format", "wide", "answer", "inputs", "none"},
)
KIND_KEYS = {
    "line": (set(), {"from_zero"}),
    "curve": ({"x"}, set()),
    "heatmap": ({"x"}, set()),
    "table": ({"columns"}, {"rows"}),
}
ANSWER_KEYS = {"sql", "text"}, set()
COLUMN_KEYS = {"title"}, {"format"}
# a chart of more rows is no longer one that a person reads, nor a page that one sends
CHART_ROWS = 20_000
# the topic whose questions every report ends with: how good the models are, what came in
ABOUT = "about"
SHARE = ".1%"
AMOUNT = ",.0f"
# what people call models and yardsticks whose name is not plain words
MODEL_NAMES = {
    "bg_nbd": "BG/NBD",
    "mbg_nbd": "MBG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "flat_30_pct": "flat 30 % above mean demand",
    "watch": "limits by level and weekday",
    "allowed": "none; held against the alerts allowed",
    "stated": "none; held against the rate stated",
}
OK, INSUFFICIENT_DATA = "ok", "insufficient_data"
# why a table has a row without a value, in the words of its status
STATUSES = {
    "short_history": "the history is too short",
    "insufficient_data": "there is too little data",
    "not_converged": "no model fitted",
    "no_price_change": "prices never moved",
    "only_with_season": "prices moved in the same weeks for all products",
    "quantity_prices": "whoever buys more pays less per unit",
    "no_discount": "no discount was given",
    "one_competitor": "prices of one competitor only are known",
}


@dataclass(frozen=True)
class Card:
    """A key figure with its unit and what to compare it with; `empty` says why there is none."""

    label: str
    unit: str
    form: str
    value: object
    lower: object
    upper: object
    comparison: str
    empty: str

    @property
    def figure(self) -> str:
        return shown(self.value, self.form)


@dataclass(frozen=True)
class Column:
    """A column of a block: its name in the query, its title for people and how to show it."""

    name: str
    title: str
    form: str

    @property
    def is_number(self) -> bool:
        return bool(self.form) and "%-d" not in self.form and "%B" not in self.form


@dataclass(frozen=True)
class Block:
    """A chart or table with its rows; `empty` says why there are none.

    `answers` are sentences by slice; without slices there is one, of the slice "".
    """

    kind: str
    spec: dict
    title: str
    unit: str
    answers: dict[str, str]
    columns: list[Column]
    rows: list[dict]
    row_count: int
    empty: str

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def answer(self) -> str:
        """The sentence of the slice that is shown first."""
        return next(iter(self.answers.values()), "")

    @property
    def slices(self) -> list[str]:
        return list(dict.fromkeys(row["slice"] for row in self.rows if "slice" in row))


@dataclass(frozen=True)
class Topic:
    """All questions of a file with their answers."""

    name: str
    title: str
    question: str
    as_of: date | None
    built_at: datetime
    filter_label: str
    notes: list[str]
    domains: list[str]
    blocks: list[list[Card] | Block] = field(default_factory=list)

    @property
    def filter_values(self) -> list[str]:
        charts = [block for block in self.questions if block.kind != "table"]
        return list(dict.fromkeys(choice for block in charts for choice in block.slices))

    @property
    def cards(self) -> list[Card]:
        return [card for block in self.blocks if isinstance(block, list) for card in block]

    @property
    def questions(self) -> list[Block]:
        return [block for block in self.blocks if isinstance(block, Block)]


def read_topics(folder: Path) -> dict[str, dict]:
    """The YAML of each topic by file name, in the order that they give, checked.

    Raises ValueError with the file, the block and the key that is wrong.
    """
    specs = {path.stem: read_yaml(path) for path in folder.glob("*.yml")}
    if not specs:
        raise ValueError(f"there is no topic in {folder}")
    for name, spec in specs.items():
        known(spec, TOPIC_KEYS, name)
        for where, block in parts(name, spec):
            check(block, where)
    return dict(sorted(specs.items(), key=lambda item: (item[1]["order"], item[0])))


def parts(name: str, spec: dict) -> Iterator[tuple[str, dict]]:
    """Each block of a topic with the words that name its place."""
    for place, block in enumerate(spec["blocks"], start=1):
        yield f"{name}.yml, block {place}", block


def check(block: dict, where: str) -> None:
    """Stops at a block that the grammar does not know."""
    if block["kind"] == "cards":
        known(block, CARDS_KEYS, where)
        for card in block["cards"]:
            known(card, CARD_KEYS, f"{where}, card {card.get('label')}")
    elif block["kind"] in KINDS:
        needed, optional = KIND_KEYS.get(block["kind"], (set(), set()))
        known(block, (BLOCK_KEYS[0] | needed, BLOCK_KEYS[1] | optional), where)
        if "answer" in block:
            known(block["answer"], ANSWER_KEYS, where)
        for column in block.get("columns", {}).values():
            known(column, COLUMN_KEYS, where)
    else:
        raise ValueError(f"{where}: kind is {block['kind']}, not cards, {', '.join(KINDS)}")


def known(spec: dict, keys: tuple[set[str], set[str]], where: str) -> None:
    """Stops at a key that is neither needed nor optional, and at a needed one that is not there."""
    needed, optional = keys
    if unknown := sorted(spec.keys() - needed - optional):
        every = ", ".join(sorted(needed | optional))
        raise ValueError(f"{where}: unknown {', '.join(unknown)}; known are {every}")
    if missing := sorted(needed - spec.keys()):
        raise ValueError(f"{where}: {', '.join(missing)} missing")


def answer_topic(catalog: Catalog, name: str, spec: dict, *, of: dict | None = None) -> Topic:
    """A topic with the answers of its questions.

    The topic `about` speaks of everything, or `of` the tables and metrics of another topic. Queries
    may ask for `getvariable('subjects')`, the names of these, and `model_name(model)`.
    """
    subjects = [t.name for t in catalog.tables if not of or t.domain in of.get("domains", [])]
    subjects += (of or {}).get("metrics", [])
    listed = ", ".join(map(literal, subjects))
    catalog.con.execute(f"set variable subjects = cast([{listed}] as varchar[])")
    names = ", ".join(f"{literal(model)}: {literal(name)}" for model, name in MODEL_NAMES.items())
    catalog.con.execute(
        "create or replace temp macro model_name(model) as "
        f"coalesce(map {{{names}}}[model], replace(model, '_', ' '))"
    )
    reader = Reader(catalog)
    blocks = [
        [reader.card(card, where) for card in block["cards"]]
        if block["kind"] == "cards"
        else reader.block(block, where)
        for where, block in parts(name, spec)
    ]
    return Topic(
        name=name,
        title=spec["title"],
        question=spec["question"],
        as_of=catalog.as_of_date,
        built_at=catalog.built_at,
        filter_label=spec.get("filter", ""),
        notes=spec.get("notes", []) + reader.missed_rows(spec),
        domains=spec.get("domains", []),
        blocks=blocks,
    )


class Reader:
    """Answers cards and blocks from one published file."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.currency = catalog.currency or "currency units"
        # input table: rows read, rows kept
        self.inputs = {
            name: (read, kept)
            for name, read, kept in catalog.con.execute(
                "select input_table, rows_read, rows_kept from quality.input_summary"
            ).fetchall()
        }

    def missed_rows(self, spec: dict) -> list[str]:
        """One sentence on rejected rows that the topic's figures lack; none where they lack none.

        Its inputs are those that its blocks name, and those that it names itself.
        """
        named = [*spec["blocks"], *(card for b in spec["blocks"] for card in b.get("cards", []))]
        inputs = {name for part in [spec, *named] for name in part.get("inputs", [])}
        found, _ = self.query(
            "select replace(input_table, '_', ' ') as rows, unknown_month_count as months, "
            "last_unknown_month as month, has_unknown_day from quality.input_summary "
            f"where list_contains([{', '.join(map(literal, sorted(inputs)))}], input_table) "
            "and (has_unknown_day or unknown_month_count > 0) order by input_table",
            spec["title"],
            most=len(inputs),
        )
        missed = "; ".join(f"{row['rows']} of {' and of '.join(days_missed(row))}" for row in found)
        if not missed:
            return []
        return [f"Some rows could not be used, and figures are those of the rest: {missed}."]

    def card(self, spec: dict, where: str) -> Card:
        where = f"{where}, card {spec['label']}"
        rows, columns = self.query(spec["sql"], where, most=1)
        require({"value"}, columns, where)
        row = rows[0] if rows else dict.fromkeys(columns)
        is_known = not is_missing(row["value"])
        comparison = self.text(spec["comparison"], row)
        return Card(
            label=spec["label"],
            unit=self.text(spec["unit"], row),
            form=spec.get("format", AMOUNT),
            value=row["value"] if is_known else None,
            lower=row.get("lower"),
            upper=row.get("upper"),
            comparison=(comparison or "Nothing to compare with yet.") if is_known else "",
            empty="" if is_known else self.why_empty(spec),
        )

    def block(self, spec: dict, where: str) -> Block:
        where = f"{where}, {spec['title']}"
        is_table = spec["kind"] == "table"
        most = spec.get("rows", 10) if is_table else CHART_ROWS
        rows, names = self.query(spec["sql"], where, most=most)
        row_count = self.count(spec["sql"], where) if len(rows) == most else len(rows)
        if row_count > most and not is_table:
            raise ValueError(f"{where}: {row_count:,} rows are too many for a chart")
        require(KINDS[spec["kind"]], names, where)
        if is_table:
            require(set(spec["columns"]), names, where)
        elif spec["kind"] != "line" or all(is_missing(row["value"]) for row in rows):
            # a line shows an unknown month as a gap; elsewhere there is nothing to draw
            rows = [row for row in rows if not is_missing(row["value"])]
        columns = columns_of(spec, names)
        return Block(
            kind=spec["kind"],
            spec=spec,
            title=spec["title"],
            unit=self.text(spec["unit"], {}),
            answers=self.answers(spec.get("answer"), where) if rows else {},
            columns=columns,
            rows=[{column.name: row[column.name] for column in columns} for row in rows],
            row_count=row_count,
            empty="" if rows else self.why_empty(spec),
        )

    def answers(self, spec: dict | None, where: str) -> dict[str, str]:
        """The sentence of each slice; of rows of one slice the first counts."""
        if not spec:
            return {}
        found, _ = self.query(spec["sql"], where, most=CHART_ROWS)
        sentences: dict[str, str] = {}
        for row in found:
            slice_name = row.get("slice", "")
            if slice_name not in sentences:
                sentences[slice_name] = self.text(spec["text"], row)
        return {name: sentence for name, sentence in sentences.items() if sentence}

    def query(self, sql: str, where: str, *, most: int) -> tuple[list[dict], list[str]]:
        try:
            result = self.catalog.con.execute(sql)
        except duckdb.CatalogException as error:
            raise CatalogError(
                f"{self.catalog.path}: made by another version; run make build first "
                f"({where}: {str(error).splitlines()[0]})"
            ) from error
        except duckdb.Error as error:
            raise ValueError(f"{where}: {error}") from error
        columns = [column[0] for column in result.description]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchmany(most)], columns

    def count(self, sql: str, where: str) -> int:
        counted, _ = self.query(f"select count(*) as n from (\n{sql}\n) as rows", where, most=1)
        return counted[0]["n"]

    def text(self, template: str, row: dict) -> str:
        """The template with the row's values; nothing where one of them is unknown."""
        try:
            return Words().format(template, currency=self.currency, **row)
        except UnknownValue:
            return ""
        except KeyError as error:
            raise ValueError(f"the query returns no column {error} for '{template}'") from error

    def why_empty(self, spec: dict) -> str:
        """Which inputs are missing or useless, else what the tables say, else what it needs."""
        needs = f"This needs {spec['needs']}."
        for name in spec.get("inputs", []):
            read, kept = self.inputs.get(name, (0, 0))
            if not kept:
                lack = (
                    f"none of the {read:,} rows of {name} could be used"
                    if read
                    else f"no rows of {name} were given"
                )
                return f"Nothing to show: {lack}. {needs}"
        found = self.statuses(spec["sql"])
        # of what no row is known nothing was found, and nothing was ruled out
        if "none" in spec and found != {INSUFFICIENT_DATA}:
            return spec["none"]
        reasons = sorted({STATUSES.get(one, one.replace("_", " ")) for one in found - {OK}})
        if reasons:
            return f"Nothing to show yet: {' and '.join(reasons)}. {needs}"
        return f"Nothing to show yet: this needs {spec['needs']}."

    def statuses(self, sql: str) -> set[str]:
        """Statuses of the rows of a query's tables that say how sure a figure is."""
        found: set[str] = set()
        for qualified in self.catalog.con.get_table_names(sql, qualified=True):
            table = self.catalog.find(qualified.split(".")[-1])
            # of a ticket it says how far it is, not how sure a figure
            if table and "status" in table.column_names and self.says_ok(table.name):
                found |= {
                    status
                    for (status,) in self.catalog.con.execute(
                        f"select distinct status from {table.sql_name} where status is not null"
                    ).fetchall()
                }
        return found

    def says_ok(self, name: str) -> bool:
        """Whether `ok` is among the values that a table's own checks allow."""
        checks = self.catalog.con.execute(
            "select constraint_text from duckdb_constraints() "
            "where table_name = ? and constraint_type = 'CHECK'",
            [name],
        ).fetchall()
        return any("'ok'" in text and "status" in text for (text,) in checks)


def columns_of(spec: dict, names: list[str]) -> list[Column]:
    """The columns that people see: those that a table lists, all that a chart's query returns."""
    if spec["kind"] == "table":
        return [
            Column(name, how["title"], how.get("format", ""))
            for name, how in spec["columns"].items()
        ]
    form = spec.get("format", AMOUNT)
    forms = {"value": form, "lower": form, "upper": form, "month": "%B %Y"}
    if spec["kind"] != "line":
        del forms["month"]
    forms |= {name: SHARE for name in names if name.endswith("_share")}
    return [
        Column(name, name.replace("_", " ").capitalize(), forms.get(name, "")) for name in names
    ]


class UnknownValue(Exception):
    """A sentence needs a value that is null."""


class Words(string.Formatter):
    """Formats values in sentences as everywhere else."""

    def format_field(self, value: object, form: str) -> str:
        if is_missing(value):
            raise UnknownValue
        return shown(value, form)


def days_missed(row: dict) -> list[str]:
    """Of which months an input lacks rows, in words."""
    newest = shown(row["month"], "%B %Y")
    months = {0: [], 1: [newest]}.get(
        row["months"], [f"{row['months']} months, the newest {newest}"]
    )
    return months + ["days that cannot be read"] * row["has_unknown_day"]


def require(needed: set[str], columns: list[str], where: str) -> None:
    if missing := sorted(needed - set(columns)):
        raise ValueError(f"{where}: the query returns no column {', '.join(missing)}")
