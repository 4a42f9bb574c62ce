"""Reports of the published file: one topic in one format, written as a whole or not at all."""

from importlib import import_module
from pathlib import Path

from retail_analytics.serving.catalog import open_catalog
from retail_analytics.storage.files import written_whole

# each format has packages of its own, and only one is needed at a time
FORMATS = {
    "xlsx": "workbook",
    "pdf": "page_pdf",
    "html": "page_html",
    "csv": "figures_csv",
}


class ReportError(RuntimeError):
    """A report cannot be made here; the message says what is missing."""


def write_report(
    folder: Path,
    *,
    topic: str,
    file_format: str,
    out: Path,
    questions: Path = Path("dashboards"),
    with_personal: bool = True,
) -> str:
    """Writes one report of the warehouse folder's published file; returns a line about it.

    `questions` is the folder of the topics. An existing file is replaced as a whole, and stays as
    it was after an error. Raises ReportError where a package is missing, ValueError for a topic
    that is not there.
    """
    if out.is_dir():
        raise ReportError(f"{out}: this is a folder; name a file")
    try:
        from retail_analytics.serving.reports.content import read_report

        writer = import_module(f"retail_analytics.serving.reports.{FORMATS[file_format]}")
    except ModuleNotFoundError as error:
        raise ReportError(
            f"the package {error.name} is missing: pip install '.[reports]', or make report"
        ) from error
    with open_catalog(folder, with_personal=with_personal) as catalog:
        report = read_report(catalog, topic, questions=questions)
        with written_whole(out) as path:
            writer.write(report, catalog, path)
    return f"{out}: {report.title} as of {report.as_of}, {out.stat().st_size:,} bytes"


__all__ = ["FORMATS", "ReportError", "write_report"]
