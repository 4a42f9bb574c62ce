"""The questions of `dashboards/` for programs: answers, reasons and words as on the pages."""

from dataclasses import replace
from pathlib import Path

from retail_analytics.serving.api.published import READ_SECONDS, Build, interrupted_after
from retail_analytics.serving.api.reads import NotFound, about
from retail_analytics.serving.api.values import as_json
from retail_analytics.serving.questions import Block, Card, answer_topic, read_topics

# rows of a chart or table that are sent
BLOCK_ROWS = 60


def list_topics(questions: Path) -> list[dict]:
    """The topics in the order of the pages."""
    return [
        {"topic": name, "title": spec["title"], "question": spec["question"]}
        for name, spec in read_topics(questions).items()
    ]


def read_topic(build: Build, questions: Path, name: str) -> dict:
    """A topic's key figures, sentences and rows. Raises NotFound."""
    specs = read_topics(questions)
    if name not in specs:
        raise NotFound(f"there is no topic {name[:100]!r}; there are: {', '.join(specs)}")
    with build.cursor() as cursor, interrupted_after(cursor, 3 * READ_SECONDS):
        topic = answer_topic(replace(build.catalog, con=cursor), name, specs[name])
    return {
        **about(build),
        "topic": name,
        "title": topic.title,
        "question": topic.question,
        "notes": topic.notes,
        "figures": [figure(card) for card in topic.cards],
        "questions": [question(block) for block in topic.questions],
    }


def figure(card: Card) -> dict:
    return {
        "label": card.label,
        "unit": card.unit,
        "value": as_json(card.value),
        "lower": as_json(card.lower),
        "upper": as_json(card.upper),
        "text": card.figure,
        "comparison": card.comparison,
        "status": "empty" if card.empty else "ok",
        "reason": card.empty,
    }


def question(block: Block) -> dict:
    return {
        "title": block.title,
        "unit": block.unit,
        "answers": list(block.answers.values()),
        "status": "empty" if block.empty else "ok",
        "reason": block.empty,
        "columns": {column.name: column.title for column in block.columns},
        "row_count": block.row_count,
        "rows": [
            {name: as_json(value) for name, value in row.items()} for row in block.rows[:BLOCK_ROWS]
        ],
    }
