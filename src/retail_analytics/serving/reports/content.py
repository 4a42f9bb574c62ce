"""What a report holds: a topic's questions with their answers, and the tables behind them."""

from dataclasses import dataclass
from pathlib import Path

from retail_analytics.serving.catalog import Catalog, Table
from retail_analytics.serving.questions import ABOUT, Block, Topic, answer_topic, read_topics
from retail_analytics.serving.values import shown


@dataclass(frozen=True)
class Report:
    """A whole report, ready for any format."""

    topic: Topic
    currency: str
    # those of the topic's domains
    tables: list[Table]
    # what every report ends with: how good the models are, what came in
    appendix: list[Block]

    @property
    def title(self) -> str:
        return self.topic.title

    @property
    def as_of(self) -> str:
        return shown(self.topic.as_of) if self.topic.as_of else "no day: there are no events"

    @property
    def sections(self) -> list[Block]:
        return [*self.topic.questions, *self.appendix]


def read_report(catalog: Catalog, topic: str, *, questions: Path) -> Report:
    """The report of a topic of the folder `questions`. ValueError names the topics there are."""
    specs = read_topics(questions)
    if topic not in specs:
        raise ValueError(f"no topic {topic!r}; there are: {', '.join(specs)}")
    appendix = []
    if topic != ABOUT and ABOUT in specs:
        appendix = answer_topic(catalog, ABOUT, specs[ABOUT], of=specs[topic]).questions
    answered = answer_topic(catalog, topic, specs[topic])
    return Report(
        topic=answered,
        currency=catalog.currency,
        tables=[table for table in catalog.marts if table.domain in answered.domains],
        appendix=appendix,
    )


def words_below(block: Block) -> str:
    """Unit and note of a block; of several slices the one that paper shows, of a table its rest."""
    parts = [block.unit]
    if block.kind != "table" and block.slices:
        parts.append(block.slices[0])
    if "note" in block.spec:
        parts.append(block.spec["note"])
    if block.kind == "table" and block.row_count > len(block.rows):
        parts.append(f"the first {len(block.rows)} of {block.row_count:,} rows")
    return " · ".join(parts)


def rows_as_text(block: Block) -> list[list[str]]:
    return [
        [shown(row[column.name], column.form) for column in block.columns] for row in block.rows
    ]
