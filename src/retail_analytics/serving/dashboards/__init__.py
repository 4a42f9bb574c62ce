"""Dashboards: every topic of questions, answered from the published file, as one HTML file each."""

from pathlib import Path

from retail_analytics.serving.catalog import open_catalog
from retail_analytics.serving.dashboards.page import Pages
from retail_analytics.serving.questions import answer_topic, read_topics
from retail_analytics.storage.files import written_whole


def write_dashboards(
    warehouse: Path, *, questions: Path, out: Path, with_personal: bool = True
) -> list[Path]:
    """Writes a page per topic of the folder `questions`."""
    specs = read_topics(questions)
    pages = Pages({name: spec["title"] for name, spec in specs.items()})
    written = []
    with open_catalog(warehouse, with_personal=with_personal) as catalog:
        for name, spec in specs.items():
            path = out / f"{name}.html"
            page = pages.render(answer_topic(catalog, name, spec))
            with written_whole(path) as new:
                new.write_text(page, encoding="utf-8")
            written.append(path)
    return written
