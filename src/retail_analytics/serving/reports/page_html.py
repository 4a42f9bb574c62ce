"""A report as one HTML page that needs nothing else: no script, no network."""

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from retail_analytics.serving.reports.content import Report
from retail_analytics.serving.reports.numbers import shown

TEMPLATE = "page.html.j2"


def write_html(report: Report, path: Path) -> None:
    """Writes the page; every value is escaped, the charts have escaped theirs."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["shown"] = shown
    environment.filters["svg"] = Markup
    source = (files("retail_analytics.serving.reports") / TEMPLATE).read_text("utf-8")
    path.write_text(environment.from_string(source).render(report=report), encoding="utf-8")
