"""Reports of the published file: one topic in one format, written as a whole or not at all."""

from pathlib import Path

from retail_analytics.serving.catalog import open_catalog
from retail_analytics.serving.reports.content import TOPICS, read_report
from retail_analytics.storage.files import written_whole

FORMATS = ("xlsx", "pdf", "html", "csv")


class ReportError(RuntimeError):
    """A report cannot be made here; the message says what is missing."""


def write_report(folder: Path, *, topic: str, file_format: str, out: Path) -> str:
    """Writes one report of the warehouse folder's published file; returns a line about it.

    An existing file is replaced as a whole, and stays as it was after an error.
    """
    if out.is_dir():
        raise ReportError(f"{out}: this is a folder; name a file")
    with open_catalog(folder) as catalog:
        report = read_report(catalog, topic)
        with written_whole(out) as path:
            try:
                # each format has a package of its own, and only one is needed here
                if file_format == "xlsx":
                    from retail_analytics.serving.reports.workbook import write_workbook

                    write_workbook(report, catalog, path)
                elif file_format == "pdf":
                    from retail_analytics.serving.reports.page_pdf import write_pdf

                    write_pdf(report, path)
                elif file_format == "html":
                    from retail_analytics.serving.reports.page_html import write_html

                    write_html(report, path)
                else:
                    from retail_analytics.serving.reports.figures_csv import write_csv

                    write_csv(report, path)
            except ModuleNotFoundError as error:
                raise ReportError(
                    f"the package {error.name} is missing: pip install '.[reports]', or make report"
                ) from error
    return f"{out}: {report.title} as of {report.as_of}, {out.stat().st_size:,} bytes"


__all__ = ["FORMATS", "TOPICS", "ReportError", "write_report"]
