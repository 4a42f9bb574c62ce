"""Parameters of a subject as a pydantic model: one check for MCP and HTTP."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from retail_analytics.serving.api.reads import (
    MOST_OFFSET,
    MOST_ROWS,
    TEXT_CHARACTERS,
    Parameter,
    Subject,
)


def without_nulls(value: object) -> object:
    """Text that no column can hold stops here, with a reason."""
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("text must not hold a null byte")
    return value


Text = Annotated[
    str, Field(min_length=1, max_length=TEXT_CHARACTERS), BeforeValidator(without_nulls)
]
Whole = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Number = Annotated[float, Field(allow_inf_nan=False)]
TYPES = {"string": Text, "integer": Whole, "number": Number, "date": date}


def field_of(parameter: Parameter) -> tuple:
    limits = {"ge": parameter.least, "le": parameter.most}
    kind = TYPES[parameter.type]
    return (
        Annotated[
            kind if parameter.is_required else kind | None,
            Field(
                description=parameter.meaning,
                **{name: limit for name, limit in limits.items() if limit is not None},
            ),
        ],
        # with `unless` the default depends on what else is given: `answer` sets it
        ... if parameter.is_required else None if parameter.unless else parameter.default,
    )


def model_of(
    subject: Subject, *, rows: int, most_rows: int = MOST_ROWS, without: tuple[str, ...] = ()
) -> type[BaseModel]:
    """What a caller may give: the subject's parameters, and the page.

    `rows` is the page when nobody asks for one, `without` the parameters that come another way.
    """
    fields: dict = {
        parameter.name: field_of(parameter)
        for parameter in subject.parameters
        if parameter.name not in without
    }
    if any(section.is_paged for section in subject.sections):
        fields["limit"] = (
            Annotated[int, Field(ge=1, le=most_rows, description="Rows of the page.")],
            rows,
        )
        fields["offset"] = (
            Annotated[int, Field(ge=0, le=MOST_OFFSET, description="Rows to pass over.")],
            0,
        )
    name = "".join(word.title() for word in subject.name.split("_"))
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
