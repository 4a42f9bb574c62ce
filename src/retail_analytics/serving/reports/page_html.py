"""A report as one HTML page that needs nothing else: no script, no network."""

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from retail_analytics.serving.catalog import Catalog
from retail_analytics.serving.charts import picture
from retail_analytics.serving.questions import Block
from retail_analytics.serving.reports.content import Report, rows_as_text, words_below
from retail_analytics.serving.values import shown

TEMPLATE = "page.html.j2"


def write(report: Report, catalog: Catalog, path: Path) -> None:
    """Writes the page; every value is escaped, the charts have escaped theirs."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["shown"] = shown
    environment.filters["words_below"] = words_below
    environment.filters["rows_as_text"] = rows_as_text
    environment.filters["picture"] = inline_picture
    source = (files("retail_analytics.serving.reports") / TEMPLATE).read_text("utf-8")
    path.write_text(environment.from_string(source).render(report=report), encoding="utf-8")


def inline_picture(block: Block) -> Markup:
    return Markup(picture(block))
