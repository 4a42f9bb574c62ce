"""Pages: a topic as one HTML file that needs nothing else, neither file nor network."""

import base64
import hashlib
import json
from importlib.resources import files

import vl_convert
from jinja2 import Environment, StrictUndefined

from retail_analytics.serving.charts import chart
from retail_analytics.serving.questions import Block, Topic
from retail_analytics.serving.values import shown

# figures below a chart for those who read them instead of it; the file has all
LISTED_ROWS = 400


class Pages:
    """Renders topics with the template, style and script of this package."""

    def __init__(self, titles: dict[str, str]) -> None:
        """`titles` are those of all topics by file name, for the links between them."""
        environment = Environment(autoescape=True, undefined=StrictUndefined)
        environment.filters["spec"] = spec_json
        environment.filters["listed"] = listed
        environment.filters["shown"] = shown
        environment.globals["is_cards"] = lambda block: isinstance(block, list)
        self.template = environment.from_string(part("page.html"))
        self.titles = titles
        # Vega, from the package: a script that ends within itself would end the page's
        library = vl_convert.javascript_bundle().replace("</script", "<\\/script")
        self.scripts = [library, part("page.js")]

    def render(self, topic: Topic) -> str:
        return self.template.render(
            topic=topic,
            titles=self.titles,
            style=part("page.css"),
            scripts=self.scripts,
            hashes=[digest(script) for script in self.scripts],
        )


def part(name: str) -> str:
    return (files("retail_analytics.serving.dashboards") / name).read_text("utf-8")


def digest(script: str) -> str:
    """What the page's policy knows a script by: no other one runs."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def spec_json(block: Block) -> str:
    """The chart as JSON that cannot end the element it stands in."""
    return json.dumps(chart(block), separators=(",", ":")).replace("<", "\\u003c")


def listed(block: Block) -> list[list[str]]:
    """The rows as text, the newest first where they go by month."""
    rows = block.rows[::-1] if block.kind == "line" else block.rows
    return [
        [shown(row[column.name], column.form) for column in block.columns]
        for row in rows[:LISTED_ROWS]
    ]
