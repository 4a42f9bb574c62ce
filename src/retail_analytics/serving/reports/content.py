"""What a report says, read from the published file: figures, sections and the tables behind them.

A topic is a file of `topics/`: questions as SQL over the published tables, and how to show the
answers. What a table of the file cannot answer is left out; an answer without rows says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files

import duckdb
import yaml

from retail_analytics.serving.catalog import Catalog, CatalogError, Table
from retail_analytics.serving.reports.charts import (
    Frame,
    Point,
    Series,
    bar_chart,
    column_chart,
    line_chart,
)
from retail_analytics.serving.reports.numbers import (
    NONE,
    NUMERIC,
    day_name,
    is_missing,
    shown,
    unit_of,
)
from retail_analytics.storage.sql import literal

TOPICS = ("executive", "customers", "operations", "reputation")
# months of history before a forecast: two years show a season twice
HISTORY_MONTHS = 24
FORECAST_COLUMNS = {"metric", "dimension", "unit", "period", "value", "value_lower", "value_upper"}
ACTION_COLUMNS = ("priority", "action", "entity", "details", "value_at_stake")
MOST_ACTIONS = 8
KIND_OF_UNIT = {"currency": "money", "share": "percent", "net": "ratio"}


@dataclass(frozen=True)
class Figure:
    """One key figure; `kind` is one of `numbers`."""

    label: str
    kind: str
    value: object
    before: object
    lower: object
    upper: object
    note: str
    unit: str

    @property
    def text(self) -> str:
        text = shown(self.value, self.kind)
        if text == NONE or not self.unit:
            return text
        return f"{self.unit} {text}" if self.kind in ("money", "price") else f"{text} {self.unit}"

    @property
    def interval(self) -> str:
        if is_missing(self.lower) or is_missing(self.upper):
            return ""
        return f"{shown(self.lower, self.kind)} to {shown(self.upper, self.kind)}"

    @property
    def comparison(self) -> str:
        """What it was before and, of amounts and counts, by how much it changed."""
        if is_missing(self.value) or is_missing(self.before):
            return ""
        before = f"before: {shown(self.before, self.kind)}"
        if self.kind not in ("money", "count") or self.before <= 0:
            return before
        change = float(self.value) / float(self.before) - 1
        return f"{before} ({'+' if change > 0 else ''}{shown(change, 'percent')})"


@dataclass(frozen=True)
class Heading:
    """A column of a section's table."""

    name: str
    label: str
    kind: str

    @property
    def is_number(self) -> bool:
        return self.kind in NUMERIC


@dataclass(frozen=True)
class Section:
    """One question with its answer; `missing` says why there is none."""

    title: str
    question: str
    headings: list[Heading]
    rows: list[tuple]
    # what pages show of the rows: few, and none where a chart shows them
    shown_rows: int
    svg: str = ""
    reading: str = ""
    missing: str = ""

    @property
    def table(self) -> list[tuple]:
        return self.rows[: self.shown_rows]

    @property
    def rest(self) -> str:
        """How many rows a page leaves out of a table that it begins."""
        if not self.table or len(self.rows) == len(self.table):
            return ""
        return (
            f"The first {len(self.table)} of {len(self.rows):,}; the published file has the others."
        )


@dataclass(frozen=True)
class Report:
    """A whole report, ready for any format."""

    topic: str
    title: str
    as_of_date: date | None
    built_at: datetime
    currency: str
    figures: list[Figure]
    sections: list[Section]
    tables: list[Table]
    # those that the workbook holds whole
    marts: list[Table]
    notes: list[str]
    quality: Section
    inputs: Section

    @property
    def as_of(self) -> str:
        return day_name(self.as_of_date) if self.as_of_date else "no day: there are no events"


def read_report(catalog: Catalog, topic: str) -> Report:
    """The report of a topic. ValueError names the topics there are."""
    spec, about = read_topic(topic), read_file("about")
    tables = [table for table in catalog.marts if table.domain in spec["domains"]]
    metrics: set[str] = set()
    sections = []
    try:
        figures = [f for f in (figure(catalog, one) for one in spec["figures"]) if f]
        for one in spec["sections"]:
            if can_answer(catalog, one["sql"]):
                sections.append(section(catalog, one))
                metrics.add(one.get("chart", {}).get("metric"))
        ahead = forecast_metrics(catalog, spec["forecasts"])
        sections += [
            forecast_section(catalog, metric, unit)
            for metric, unit in ahead.items()
            if metric not in metrics
        ]
        subjects = [table.name for table in tables] + [*ahead, *(metrics - {None})]
        set_subjects(catalog, subjects)
        about["quality"]["status_of"] = [
            name for name in about["quality"]["status_of"] if name in subjects
        ]
        sections = action_sections(catalog, spec["domains"]) + sections
        return Report(
            topic=topic,
            title=spec["title"],
            as_of_date=catalog.as_of_date,
            built_at=catalog.built_at,
            currency=catalog.currency,
            figures=figures,
            sections=sections,
            tables=tables,
            marts=tables if spec["has_marts"] else [],
            notes=spec["notes"],
            quality=section(catalog, about["quality"]),
            inputs=section(catalog, about["inputs"]),
        )
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        reason = str(error).splitlines()[0]
        raise CatalogError(
            f"{catalog.path}: made by another version; run make build first ({reason})"
        ) from error


def read_topic(topic: str) -> dict:
    """The file of a topic; a figure or section named as that of another topic is filled in."""
    if topic not in TOPICS:
        raise ValueError(f"no topic {topic!r}; there are: {', '.join(TOPICS)}")
    spec = read_file(topic)
    for part, name in (("figures", "label"), ("sections", "title")):
        spec[part] = [
            one if name in one else borrowed(part, name, *one.popitem()) for one in spec[part]
        ]
    return spec


def borrowed(part: str, name: str, topic: str, wanted: str) -> dict:
    """The figure or section of another topic with this name."""
    return next(one for one in read_file(topic)[part] if one[name] == wanted)


def read_file(name: str) -> dict:
    text = (files("retail_analytics.serving.reports") / "topics" / f"{name}.yml").read_text("utf-8")
    return yaml.safe_load(text)


def tables_of(catalog: Catalog, sql: str) -> list[str]:
    """Names of the published tables that a query reads."""
    return sorted(name.split(".")[-1] for name in catalog.con.get_table_names(sql, qualified=True))


def can_answer(catalog: Catalog, sql: str) -> bool:
    """Whether the file has every table that a query reads."""
    return all(catalog.find(name) for name in tables_of(catalog, sql) if name != "meta")


def query(catalog: Catalog, sql: str) -> tuple[list[str], list[tuple]]:
    """Column names and rows."""
    cursor = catalog.con.execute(sql)
    return [column[0] for column in cursor.description], cursor.fetchall()


def figure(catalog: Catalog, spec: dict) -> Figure | None:
    """A key figure; None where the file does not have its tables."""
    if not can_answer(catalog, spec["sql"]):
        return None
    names, rows = query(catalog, spec["sql"])
    found = dict(zip(names, rows[0], strict=True)) if rows else {}
    of = spec.get("of", "value")
    value = found.get(of)
    note = found.get("note") or ""
    if is_missing(value):
        value, note = None, why_missing(catalog, spec)
    return Figure(
        label=spec["label"],
        kind=spec["kind"],
        value=value,
        before=found.get(f"{of}_before"),
        lower=found.get(f"{of}_lower"),
        upper=found.get(f"{of}_upper"),
        note=note,
        unit=catalog.currency if spec["kind"] == "money" else spec.get("unit", ""),
    )


def section(catalog: Catalog, spec: dict) -> Section:
    """A section with its chart and table, or the reason why it has none."""
    names, rows = query(catalog, spec["sql"])
    table = spec.get("table", {})
    labels = {**dict.fromkeys(names, {}), **spec.get("columns", {})}
    headings = [
        Heading(name, labels[name].get("label", humanised(name)), labels[name].get("kind", "text"))
        for name in names
    ]
    missing = "" if rows else why_missing(catalog, spec)
    reading = ""
    if rows and "reading" in spec:
        reading = query(catalog, spec["reading"])[1][0][0] or ""
    return Section(
        title=spec["title"],
        question=spec["question"],
        headings=headings,
        rows=rows,
        shown_rows=table.get("rows", 0 if "chart" in spec else len(rows)),
        svg=chart(catalog, spec, names, rows) if rows and "chart" in spec else "",
        reading=reading,
        missing=missing,
    )


def humanised(name: str) -> str:
    return name.replace("_", " ").capitalize()


def why_missing(catalog: Catalog, spec: dict) -> str:
    """Which inputs were not there, what became of those that were, and what the tables say."""
    reasons = []
    wanted = spec.get("inputs", [])
    summary = {
        name: (is_provided, read, kept)
        for name, is_provided, read, kept in catalog.con.execute(
            "select input_table, is_provided, rows_read, rows_kept from quality.input_summary"
        ).fetchall()
    }
    absent = [name for name in wanted if not summary.get(name, (False,))[0]]
    if absent:
        reasons.append(f"there was no file for {' and '.join(absent)}")
    for name in wanted:
        if name not in absent and not summary[name][2]:
            read = summary[name][1]
            reasons.append(
                f"no row of {name} could be used of {read:,} read (quality.rejected_rows)"
                if read
                else f"the file for {name} has no rows"
            )
    for name in spec.get("status_of", tables_of(catalog, spec["sql"])):
        table = catalog.find(name)
        if table and "status" in table.column_names:
            for status, count in catalog.con.execute(
                f"select status, count(*) from {table.sql_name} where status <> 'ok' "
                "group by status order by status"
            ).fetchall():
                reasons.append(f"{status} for {count:,} of {table.row_count:,} rows of {name}")
    otherwise = spec.get("otherwise", "the inputs are there, and nothing of this kind is in them")
    return "; ".join(reasons) or otherwise


def chart(catalog: Catalog, spec: dict, names: Sequence[str], rows: Sequence[tuple]) -> str:
    """The chart of a section's rows; empty where no row has a value."""
    how = spec["chart"]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    records = [row for row in records if not is_missing(row[how["y"]])]
    if not records:
        return ""
    ahead = forecast_points(catalog, how["metric"]) if "metric" in how else []
    has_interval = any(not is_missing(row.get(how.get("lower"))) for row in records)
    frame = Frame(
        spec["title"],
        how["number"],
        caption(catalog, how, has_interval=has_interval, has_forecast=bool(ahead)),
    )
    if how["kind"] == "bars":
        return bar_chart([point(row, how) for row in records], frame)
    names_of_series = list(dict.fromkeys(row.get(how.get("series"), "") for row in records))
    series = [
        Series(
            str(name),
            [point(row, how) for row in records if row.get(how.get("series"), "") == name],
            ahead,
        )
        for name in names_of_series
    ]
    if how["kind"] == "columns":
        return column_chart(series[0], frame)
    return line_chart(series, frame, from_zero=how.get("from_zero", False))


def point(row: dict, how: dict) -> Point:
    def number(name: str) -> float | None:
        value = row.get(how.get(name))
        return None if is_missing(value) else float(value)

    x = row[how["x"]]
    return Point(
        x if isinstance(x, date) else shown(x, "text"),
        number("y"),
        number("lower"),
        number("upper"),
    )


def caption(catalog: Catalog, how: dict, *, has_interval: bool, has_forecast: bool) -> str:
    """Unit, interval and as-of day of a chart."""
    parts = [unit_of(how["number"], how.get("unit"), catalog.currency)]
    if has_interval:
        parts.append(how.get("interval", "80 % interval shaded"))
    if has_forecast:
        ahead = "lighter" if how["kind"] == "columns" else "dashed"
        parts.append(f"{ahead}: forecast with its 80 % interval")
    if catalog.as_of_date:
        parts.append(f"as of {day_name(catalog.as_of_date)}")
    text = "  ·  ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]


def forecast_table(catalog: Catalog) -> Table | None:
    """The mart of forecasts: known by its columns."""
    return next(
        (table for table in catalog.marts if set(table.column_names) >= FORECAST_COLUMNS), None
    )


def forecast_points(catalog: Catalog, metric: str) -> list[Point]:
    """The forecast of a metric of the whole, month by month."""
    table = forecast_table(catalog)
    if table is None:
        return []
    rows = catalog.con.execute(
        f"select period, value, value_lower, value_upper from {table.sql_name} "
        "where dimension = 'all' and metric = ? and value is not null order by period",
        [metric],
    ).fetchall()
    return [Point(*row) for row in rows]


def forecast_metrics(catalog: Catalog, metric_domains: Sequence[str]) -> dict[str, str]:
    """The metrics of these domains that are forecast for the whole, with their units."""
    table, series = forecast_table(catalog), catalog.find("metric_series")
    if table is None or series is None:
        return {}
    return dict(
        catalog.con.execute(
            f"select distinct metric, unit from {table.sql_name} where dimension = 'all' "
            f"and metric in (select metric from {series.sql_name} "
            "where domain in (select unnest(?))) order by metric",
            [list(metric_domains)],
        ).fetchall()
    )


def forecast_section(catalog: Catalog, metric: str, unit: str) -> Section:
    """The history of a metric and what is expected of it."""
    kind = KIND_OF_UNIT.get(unit, "number")
    units = {"money": "a month", "percent": None}
    return section(
        catalog,
        {
            "title": humanised(metric),
            "question": "What was it, and what is to be expected?",
            "sql": "select period, value from marts.metric_series where dimension = 'all' "
            f"and metric = {literal(metric)} and value is not null "
            f"qualify row_number() over (order by period desc) <= {HISTORY_MONTHS} order by period",
            "columns": {"period": {"label": "Month", "kind": "month"}, "value": {"kind": kind}},
            "chart": {
                "kind": "line",
                "x": "period",
                "y": "value",
                "number": kind,
                "unit": units.get(kind, unit),
                "metric": metric,
            },
        },
    )


def set_subjects(catalog: Catalog, names: Sequence[str]) -> None:
    """What a report is about, for the questions of `about.yml`."""
    listed = ", ".join(literal(name) for name in names)
    catalog.con.execute(f"set variable report_subjects = cast([{listed}] as varchar[])")


def action_sections(catalog: Catalog, domains: Sequence[str]) -> list[Section]:
    """What to do first: the mart that has a priority and an action in each row."""
    sections = []
    for table in catalog.marts:
        if not {"priority", "action"} <= set(table.column_names):
            continue
        columns = [name for name in ACTION_COLUMNS if name in table.column_names]
        where = ""
        if "domain" in table.column_names:
            where = f"where domain in ({', '.join(literal(name) for name in domains)})"
        elif table.domain not in domains:
            continue
        order = [n for n in ("priority", "action_rank", "entity") if n in table.column_names]
        sections.append(
            section(
                catalog,
                {
                    "title": "What to do first",
                    "question": "What do the figures ask for, and what is at stake?",
                    "sql": f"select {', '.join(columns)} from {table.sql_name} {where} "
                    f"order by {', '.join(order)}",
                    "columns": {
                        "priority": {"kind": "count"},
                        "value_at_stake": {"label": "At stake", "kind": "money"},
                    },
                    "table": {"rows": MOST_ACTIONS},
                },
            )
        )
    return sections
