"""Pages: a filled board as one HTML file that needs nothing else, neither file nor network."""

import base64
import hashlib
import json
from pathlib import Path

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from retail_analytics.serving.dashboards.boards import Block, Board, shown
from retail_analytics.serving.dashboards.charts import chart

# figures below a chart for those who read them instead of it; the file has all
LISTED_ROWS = 400


class Pages:
    """Renders boards with the template, style and script of their folder."""

    def __init__(self, folder: Path, titles: dict[str, str]) -> None:
        """`titles` are those of all boards by file name, for the links between them."""
        environment = Environment(
            loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined
        )
        environment.filters["spec"] = spec_json
        environment.filters["listed"] = listed
        environment.filters["shown"] = shown
        environment.globals["is_cards"] = lambda block: isinstance(block, list)
        self.template = environment.get_template("page.html")
        self.titles = titles
        self.style = (folder / "page.css").read_text()
        # Vega, from the package: a script that ends within itself would end the page's
        library = vl_convert.javascript_bundle().replace("</script", "<\\/script")
        self.scripts = [library, (folder / "page.js").read_text()]

    def render(self, name: str, board: Board) -> str:
        return self.template.render(
            name=name,
            board=board,
            titles=self.titles,
            style=self.style,
            scripts=self.scripts,
            hashes=[digest(script) for script in self.scripts],
        )


def digest(script: str) -> str:
    """What the page's policy knows a script by: no other one runs."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def spec_json(block: Block) -> str:
    """The chart as JSON that cannot end the element it stands in."""
    return json.dumps(chart(block), separators=(",", ":")).replace("<", "\\u003c")


def listed(block: Block) -> list[list[str]]:
    """The rows as text, the newest first where they go by month."""
    if block.kind == "table":
        forms = {name: how.get("format", "") for name, how in block.spec["columns"].items()}
    else:
        value = block.spec.get("format", ",.0f")
        forms = {"value": value, "lower": value, "upper": value}
    rows = block.rows[::-1] if block.kind == "line" else block.rows
    return [
        [
            row[column][:7]
            if column == "month" and block.kind == "line"
            else shown(row[column], forms.get(column, ""))
            for column in block.columns
        ]
        for row in rows[:LISTED_ROWS]
    ]
