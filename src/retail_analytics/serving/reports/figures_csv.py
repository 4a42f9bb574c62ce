"""A report as CSV in long form: one row a figure, whatever the section it stands in."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from retail_analytics.serving.export import FORMULA_START, INERT
from retail_analytics.serving.reports.content import Report
from retail_analytics.serving.reports.numbers import is_missing, is_number

COLUMNS = ["section", "row_number", "label", "measure", "value", "text", "unit", "as_of_date"]


def write_csv(report: Report, path: Path) -> None:
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
                    unit,
                    report.as_of_date or "",
                ]
            )


def figures(report: Report) -> Iterator[tuple[str, int, str, str, object, str]]:
    """Section, row, label of the row, measure, value and unit of each figure of the report."""
    for number, figure in enumerate(report.figures, 1):
        for measure, value in (
            ("value", figure.value),
            ("before", figure.before),
            ("lower", figure.lower),
            ("upper", figure.upper),
            ("note", figure.note or None),
        ):
            if not is_missing(value):
                yield "Key figures", number, figure.label, measure, value, figure.unit
    for section in (*report.sections, report.quality, report.inputs):
        if section.missing:
            yield section.title, 0, "", "missing", f"No rows: {section.missing}.", ""
        for number, row in enumerate(section.rows, 1):
            for heading, value in zip(section.headings[1:], row[1:], strict=True):
                if not is_missing(value):
                    yield section.title, number, plain(row[0]), heading.name, value, ""


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
