"""A report as CSV in long form: one row a figure, whatever the section it stands in."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from retail_analytics.serving.catalog import Catalog
from retail_analytics.serving.export import FORMULA_START, INERT
from retail_analytics.serving.reports.content import Report
from retail_analytics.serving.values import is_missing, is_number

COLUMNS = ["section", "row_number", "label", "measure", "value", "text", "unit", "as_of_date"]


def write(report: Report, catalog: Catalog, path: Path) -> None:
    """Writes all figures of a report; numbers in `value`, everything else in `text`."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for section, number, label, measure, value, unit in figures(report):
            is_value = is_number(value)
            writer.writerow(
                [
                    inert(section),
                    number,
                    inert(label),
                    inert(measure),
                    plain(value) if is_value else "",
                    "" if is_value else inert(plain(value)),
                    inert(unit),
                    report.topic.as_of or "",
                ]
            )


def figures(report: Report) -> Iterator[tuple[str, int, str, str, object, str]]:
    """Section, row, label of the row, measure, value and unit of each figure of the report."""
    for number, card in enumerate(report.topic.cards, 1):
        for measure, value in (
            ("value", card.value),
            ("lower", card.lower),
            ("upper", card.upper),
            ("comparison", card.comparison or None),
            ("missing", card.empty or None),
        ):
            if not is_missing(value):
                yield "Key figures", number, card.label, measure, value, card.unit
    for block in report.sections:
        if block.empty:
            yield block.title, 0, "", "missing", block.empty, ""
        for number, row in enumerate(block.rows, 1):
            label, *measures = block.names
            for name in measures or [label]:
                if not is_missing(row[name]):
                    yield block.title, number, plain(row[label]), name, row[name], block.unit


def plain(value: object) -> str:
    """A value without thousands separators or rounding, as programs read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def inert(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return INERT + text if re.match(FORMULA_START, text) else text
