"""What-ifs: the questions that are asked with a body. The maths is that of the commands."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from retail_analytics.marketing.budget_tables import what_if as split_budget
from retail_analytics.serving.api.published import Build
from retail_analytics.serving.api.reads import BadRequest, NotFound, about
from retail_analytics.serving.api.validation import Text
from retail_analytics.serving.api.values import as_json
from retail_analytics.support.staffing import what_if as with_agents

Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Bounds = Annotated[dict[Text, Amount], Field(max_length=50)]


class BudgetQuestion(BaseModel):
    """An amount to be split over channels."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"total": 20000, "weeks": 4, "minimum": {"email": 500}}]},
    )
    total: Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False, description="All weeks.")]
    weeks: Annotated[int, Field(ge=1, le=104, description="Weeks it is spread over.")] = 4
    minimum: Annotated[Bounds, Field(description="Least per channel, for all weeks.")] = {}
    maximum: Annotated[Bounds, Field(description="Most per channel, for all weeks.")] = {}


class StaffingQuestion(BaseModel):
    """Another number of people on a channel."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"channel": "chat", "agents": 4}]}
    )
    channel: Annotated[Text, Field(description="Channel of the capacity plan.")]
    agents: Annotated[int, Field(ge=1, le=1000, description="People in every open hour.")]


def simulate_budget(build: Build, asked: BudgetQuestion) -> dict:
    """The best split on the published response curves. Raises BadRequest with the reason."""
    try:
        found = split_budget(
            build.arrow("select * from marts.mix_draws").to_pandas(),
            build.arrow(
                "select channel, current_spend as weekly_spend from marts.budget_recommendations"
            ).to_pandas(),
            total=asked.total,
            minimum=asked.minimum,
            maximum=asked.maximum,
            weeks=asked.weeks,
        )
    except ValueError as error:
        raise BadRequest(str(error)) from error
    return about(build) | {"method": "published response curves", "answer": as_json(found)}


def simulate_staffing(build: Build, asked: StaffingQuestion) -> dict:
    """What so many people would give, hour by hour. Raises NotFound, BadRequest."""
    plan = build.arrow(
        "select capacity_plan.*, volumes.volume, volumes.overdispersion from marts.capacity_plan "
        "inner join marts.ticket_volume_forecasts as volumes using (channel, hour_of_week) "
        "where lower(channel) = lower(?)",
        [asked.channel],
    ).to_pandas()
    if plan.empty:
        raise NotFound(f"there is no channel {asked.channel!r} in the capacity plan")
    try:
        hours = with_agents(plan, agents=asked.agents)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    shown = ["hour_of_week", "agents", "agents_needed", "service_level", "abandoned_share"]
    rows = hours[[*shown, "occupancy", "is_enough"]].astype(object).to_dict(orient="records")
    return about(build) | {
        "method": "the queue of the capacity plan",
        "answer": {"channel": asked.channel, "hours": [plain(row) for row in rows]},
    }


def plain(row: dict) -> dict:
    """Values of pandas as those of JSON; what is missing is null."""
    return {
        name: as_json(value.item() if hasattr(value, "item") else value)
        for name, value in row.items()
    }
