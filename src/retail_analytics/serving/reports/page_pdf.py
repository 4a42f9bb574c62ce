"""A report as PDF, typeset by Typst with the fonts that the package brings along."""

import json
import math
import re
import textwrap
from datetime import UTC
from importlib.resources import files
from pathlib import Path

import font_source_sans_pro
import typst

from retail_analytics.serving.catalog import Table
from retail_analytics.serving.reports.content import Figure, Heading, Report, Section
from retail_analytics.serving.reports.numbers import shown

TEMPLATE = "page.typ"
FONTS = Path(font_source_sans_pro.__file__).parent / "files"
# text no longer stays on one line, and so do single words that are not much longer
SHORT_TEXT, SHORT_WORD = 18, 28
# a word that is longer may be broken after so many characters
BREAK_AFTER = 12


def write_pdf(report: Report, path: Path) -> None:
    """Writes the PDF; all text reaches Typst as data, none as markup."""
    charts: dict[str, bytes] = {}
    document = {
        "title": report.title,
        "as_of": report.as_of,
        "subtitle": f"As of {report.as_of} · amounts in {report.currency} · "
        f"built {shown(report.built_at, 'text')}",
        "figures": [described_figure(figure) for figure in report.figures],
        "sections": [described(section, charts) for section in report.sections],
        "appendix": [described(section, charts) for section in (report.quality, report.inputs)],
        "notes": report.notes,
        "tables": described(tables_section(report.tables), charts),
    }
    source = (files("retail_analytics.serving.reports") / TEMPLATE).read_bytes()
    typst.compile(
        {"main.typ": source, "report.json": json.dumps(document).encode(), **charts},
        output=str(path),
        font_paths=[str(FONTS)],
        # the same file and day give the same bytes
        timestamp=report.built_at.replace(tzinfo=UTC),
        format="pdf",
    )


def described_figure(figure: Figure) -> dict:
    lines = [f"80 % interval {figure.interval}"] if figure.interval else []
    lines += [line for line in (figure.comparison, figure.note) if line]
    return {"label": figure.label, "text": figure.text, "lines": lines}


def described(section: Section, charts: dict[str, bytes]) -> dict:
    """A section as strings; its chart becomes a file of the document."""
    chart = ""
    if section.svg:
        chart = f"chart-{len(charts)}.svg"
        charts[chart] = section.svg.encode()
    rows = [
        [
            breakable(shown(value, heading.kind))
            for value, heading in zip(row, section.headings, strict=True)
        ]
        for row in section.table
    ]
    return {
        "title": section.title,
        "question": section.question,
        "reading": section.reading,
        "missing": section.missing,
        "rest": section.rest,
        "chart": chart,
        "headings": [
            {"label": heading.label, "is_number": heading.is_number} for heading in section.headings
        ],
        "widths": widths(section.headings, rows),
        "rows": rows,
    }


def widths(headings: list[Heading], rows: list[list[str]]) -> list[str]:
    """For each column `auto`, or the share of the rest it gets: by its longest value.

    The root of the length: long text may take several lines, short text should not have to.
    """
    columns = [[row[number] for row in rows] for number in range(len(headings))]
    shares = [
        round(10 * math.sqrt(min(max(map(len, [heading.label, *column])), 160)))
        for heading, column in zip(headings, columns, strict=True)
    ]
    is_auto = [
        heading.is_number or fits_a_line(column)
        for heading, column in zip(headings, columns, strict=True)
    ]
    # somebody must fill the page
    if all(is_auto):
        return [str(share) for share in shares]
    return ["auto" if auto else str(share) for auto, share in zip(is_auto, shares, strict=True)]


def fits_a_line(values: list[str]) -> bool:
    return all(len(value) <= (SHORT_TEXT if " " in value else SHORT_WORD) for value in values)


def breakable(text: str) -> str:
    """Text in which a word that is too long for a column has places to break."""
    return re.sub(
        rf"\S{{{SHORT_WORD},}}",
        lambda word: "\u200b".join(textwrap.wrap(word[0], BREAK_AFTER)),
        text,
    )


def tables_section(tables: list[Table]) -> Section:
    """The list of the tables behind a report."""
    rows = [(table.name, table.row_count, table.grain) for table in tables]
    return Section(
        title="Tables behind this report",
        question="Each is in the published file, and in the exports.",
        headings=[
            Heading("table", "Table", "text"),
            Heading("rows", "Rows", "count"),
            Heading("comment", "What a row is", "text"),
        ],
        rows=rows,
        shown_rows=len(rows),
    )
