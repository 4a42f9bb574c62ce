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

from retail_analytics.serving.catalog import Catalog, Table
from retail_analytics.serving.charts import picture
from retail_analytics.serving.questions import Block, Column
from retail_analytics.serving.reports.content import Report, rows_as_text, words_below
from retail_analytics.serving.values import shown

TEMPLATE = "page.typ"
FONTS = Path(font_source_sans_pro.__file__).parent / "files"
# text no longer stays on one line, and so do single words that are not much longer
SHORT_TEXT, SHORT_WORD = 18, 28
# a word that is longer may be broken after so many characters
BREAK_AFTER = 12


def write(report: Report, catalog: Catalog, path: Path) -> None:
    """Writes the PDF; all text reaches Typst as data, none as markup."""
    charts: dict[str, bytes] = {}
    document = {
        "title": report.title,
        "question": report.topic.question,
        "as_of": report.as_of,
        "subtitle": f"As of {report.as_of} · amounts in {report.currency} · "
        f"built {shown(report.topic.built_at)}",
        "figures": [
            {
                "label": card.label,
                "text": card.figure,
                "lines": [line for line in (card.unit, card.empty or card.comparison) if line],
            }
            for card in report.topic.cards
        ],
        "sections": [described(block, charts) for block in report.sections],
        "notes": report.topic.notes,
        "tables": tables_section(report.tables),
    }
    source = (files("retail_analytics.serving.reports") / TEMPLATE).read_bytes()
    typst.compile(
        {"main.typ": source, "report.json": json.dumps(document).encode(), **charts},
        output=str(path),
        font_paths=[str(FONTS)],
        # the same file and day give the same bytes
        timestamp=report.topic.built_at.replace(tzinfo=UTC),
        format="pdf",
    )


def described(block: Block, charts: dict[str, bytes]) -> dict:
    """A question as strings; its chart becomes a file of the document."""
    chart, rows = "", []
    if block.kind == "table":
        rows = [[breakable(text) for text in row] for row in rows_as_text(block)]
    elif not block.empty:
        chart = f"chart-{len(charts)}.svg"
        charts[chart] = picture(block).encode()
    return {
        "title": block.title,
        "answer": block.answer,
        "missing": block.empty,
        "below": "" if block.empty else words_below(block),
        "chart": chart,
        **table_of(block.columns, rows),
    }


def table_of(columns: list[Column], rows: list[list[str]]) -> dict:
    return {
        "headings": [{"label": one.title, "is_number": one.is_number} for one in columns],
        "widths": widths(columns, rows),
        "rows": rows,
    }


def widths(headings: list[Column], rows: list[list[str]]) -> list[str]:
    """For each column `auto`, or the share of the rest it gets: by its longest value.

    The root of the length: long text may take several lines, short text should not have to.
    """
    columns = [[row[number] for row in rows] for number in range(len(headings))]
    shares = [
        round(10 * math.sqrt(min(max(map(len, [heading.title, *column])), 160)))
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


def tables_section(tables: list[Table]) -> dict:
    """The list of the tables behind a report."""
    columns = [
        Column("table", "Table", ""),
        Column("rows", "Rows", ",d"),
        Column("comment", "What a row is", ""),
    ]
    rows = [[table.name, shown(table.row_count, ",d"), table.grain] for table in tables]
    return {
        "title": "Tables behind this report",
        "answer": "",
        "missing": "" if rows else "This report has no tables of its own.",
        "below": "Each is in the published file, and in the exports.",
        "chart": "",
        **table_of(columns, rows),
    }
