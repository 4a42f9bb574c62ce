"""What subjects answer, as JSON Schema with the unit of every column."""

from retail_analytics.serving.api.published import Build
from retail_analytics.serving.api.reads import Section, Subject
from retail_analytics.serving.api.values import json_type, unit_of

ABOUT = {
    "as_of_date": {
        "type": ["string", "null"],
        "description": "The day that counts as today in every figure.",
    },
    "built_at": {"type": "string", "description": "When the build started, UTC."},
    "build": {"type": "string", "description": "Id of the build; all rows are of this one."},
    "currency": {"type": "string", "description": "Currency of every amount."},
}
STATUS = {
    "type": "string",
    "enum": ["ok", "empty", "not_built"],
    "description": "ok, empty (reason says why), or not_built: the file has no such table.",
}
PAGE = {
    "table": {"type": "string"},
    "grain": {"type": "string", "description": "What one row is."},
    "status": STATUS,
    "reason": {"type": "string", "description": "Why there are no rows."},
    "units": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Unit of each column that has one.",
    },
    "row_count": {"type": "integer", "description": "Rows in this answer."},
    "has_more": {
        "type": "boolean",
        "description": "Whether the table has more such rows; without next_offset: run_query.",
    },
    "next_offset": {
        "type": ["integer", "null"],
        "description": "Where the next page begins; null on the last one, and where only the "
        "first rows are shown.",
    },
    "methods": {"type": "array", "items": {"type": "string"}},
    "row_statuses": {
        "type": "array",
        "items": {"type": "string"},
        "description": "A row that is not ok has null figures: there was too little data.",
    },
}


def object_of(properties: dict) -> dict:
    return {"type": "object", "properties": properties, "required": list(properties)}


def rows_schema(build: Build, table_name: str) -> dict:
    """The rows of a table: open, for the next build may have another column.

    Units only: the meaning of a column is in `ask_table`, and would be read with every tool.
    """
    table = build.catalog.find(table_name)
    properties = {}
    for column in table.columns if table else ():
        unit = unit_of(table, column, build.catalog.currency)
        kind = {"type": [json_type(column.type), "null"]}
        properties[column.name] = kind | ({"description": unit} if unit else {})
    return {"type": "array", "items": {"type": "object", "properties": properties}}


def section_schema(build: Build, section: Section) -> dict:
    return object_of({**PAGE, "rows": rows_schema(build, section.table)})


def subject_schema(build: Build, subject: Subject) -> dict:
    """The answer of a subject: which sections there are depends on what was asked."""
    sections = {section.name: section_schema(build, section) for section in subject.sections}
    return object_of(
        {
            **ABOUT,
            "method": {"type": "string", "description": "How the figures were made."},
            "status": STATUS,
            "sections": {"type": "object", "properties": sections},
        }
    )


LOOSE_ROWS = {"type": "array", "items": {"type": "object"}}
TABLE_SCHEMA = object_of(
    {
        **ABOUT,
        "method": {"type": "string"},
        "status": STATUS,
        "tables": LOOSE_ROWS,
        "columns": LOOSE_ROWS,
        "page": {"type": ["object", "null"]},
    }
)
QUERY_SCHEMA = object_of(
    {
        **ABOUT,
        "method": {"type": "string"},
        "status": STATUS,
        "columns": {
            "type": "array",
            "items": object_of({"name": {"type": "string"}, "type": {"type": "string"}}),
        },
        "rows": {"type": "array", "items": {"type": "array"}},
        "row_count": {"type": "integer"},
        "has_more": {"type": "boolean"},
    }
)
TOPIC_SCHEMA = object_of(
    {
        **ABOUT,
        "method": {"type": "string"},
        "status": STATUS,
        "topic": {"type": "string"},
        "title": {"type": "string"},
        "question": {"type": "string"},
        "notes": {"type": "array", "items": {"type": "string"}},
        "figures": LOOSE_ROWS,
        "questions": LOOSE_ROWS,
        "topics": LOOSE_ROWS,
    }
)
