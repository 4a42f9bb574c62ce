"""Rows as JSON, CSV or Parquet, as the caller accepts them."""

import csv
import io
import re

import pyarrow as pa
import pyarrow.parquet

from retail_analytics.serving.export import FORMULA_START, INERT

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
FORMATS = (JSON, CSV, PARQUET)
# other names of the same
NAMES = {"application/parquet": PARQUET, "application/x-parquet": PARQUET, "text/json": JSON}
RUNS_IN_SPREADSHEETS = re.compile(FORMULA_START)


def wanted(accept: str) -> str | None:
    """The best of our formats that an Accept header allows; None where it allows none.

    Example
    -------
    >>> wanted("text/csv"), wanted("text/html, */*;q=0.8"), wanted("image/png")
    ('text/csv', 'application/json', None)
    """
    best, quality = None, 0.0
    for part in accept.split(",") if accept.strip() else ["*/*"]:
        name, *options = (word.strip().lower() for word in part.split(";"))
        weight = 1.0
        for option in options:
            if option.startswith("q="):
                try:
                    weight = float(option[2:])
                except ValueError:
                    weight = 0.0
        name = NAMES.get(name, name)
        match = next((form for form in FORMATS if allows(name, form)), None)
        if match and weight > quality:
            best, quality = match, weight
    return best


def allows(pattern: str, form: str) -> bool:
    kind, _, _ = form.partition("/")
    return pattern in (form, f"{kind}/*", "*/*")


def as_csv(table: pa.Table) -> bytes:
    """CSV that no spreadsheet runs: text that begins like a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow([inert(value) for value in row.values()])
    return out.getvalue().encode()


def inert(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    is_text = isinstance(value, str | list | dict)
    return INERT + text if is_text and RUNS_IN_SPREADSHEETS.match(text) else text


def as_parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, compression="zstd")
    return out.getvalue()
