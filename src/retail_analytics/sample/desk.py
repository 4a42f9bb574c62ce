"""The support desk: when which team is there, who answers how fast, and when that changed."""

from dataclasses import dataclass
from datetime import date, time

import numpy as np

from retail_analytics.sample.columns import DAY, Stream, days_since_epoch, stream
from retail_analytics.sample.market import Market
from retail_analytics.sample.process import Process, SupportChange
from retail_analytics.support.clock import Hours, OpenSpans, open_spans

CUSTOMERS_PER_AGENT = 5_000
FEWEST_AGENTS = 3
# the slowest solutions end years after the last day, where nobody sees them
DAYS_BEYOND = 1_800


@dataclass(frozen=True)
class Desk:
    """Agents are numbered team by team; `speed` is the logarithm of what an agent makes of times.

    agents: per team, without the newcomer, who has the last number. Days count from the first.
    """

    spans: tuple[OpenSpans, ...]
    agents: int
    agent_names: tuple[str, ...]
    agent_team: np.ndarray
    speed: np.ndarray
    newcomer_from: int
    first_second: int

    def due(self, team: np.ndarray, start: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """When so many business seconds of the team have passed; seconds from the first day."""
        result = np.zeros(len(start), dtype=np.int64)
        for number, spans in enumerate(self.spans):
            row = np.flatnonzero(team == number)
            result[row] = (
                spans.due(start[row] + self.first_second, seconds[row]) - self.first_second
            )
        return result


def build_desk(process: Process, *, customers: int, seed: int, market: Market) -> Desk:
    """Draws the agents' speeds and lays out the open spans of every team."""
    rng = stream(seed, Stream.DESK)
    agents = max(FEWEST_AGENTS, customers // CUSTOMERS_PER_AGENT)
    teams = process.teams
    newcomer = f"{teams[process.newcomer_team].name.lower()}-{agents + 1}"
    speed = rng.normal(0, process.agent_log_sd, agents * len(teams))
    return Desk(
        spans=tuple(team_spans(process, team.name, market=market) for team in teams),
        agents=agents,
        agent_names=(
            *(f"{team.name.lower()}-{n + 1}" for team in teams for n in range(agents)),
            newcomer,
        ),
        agent_team=np.append(np.repeat(np.arange(len(teams)), agents), process.newcomer_team),
        speed=np.append(speed, np.log(process.newcomer_factor)),
        newcomer_from=(process.newcomer_from - market.first_day).days,
        first_second=days_since_epoch(market.first_day) * DAY,
    )


def team_spans(process: Process, team: str, *, market: Market) -> OpenSpans:
    """The open spans of a team: hours of its name, else of `default`."""
    schedules = {row.schedule for row in process.support_hours}
    schedule = team if team in schedules else "default"
    rows = [row for row in process.support_hours if row.schedule == schedule]
    years = range(market.first_day.year, market.first_day.year + market.days // 365 + 7)
    return open_spans(
        [
            Hours(weekday, time.fromisoformat(row.opens_at), time.fromisoformat(row.closes_at))
            for row in rows
            for weekday in row.iso_weekdays
        ],
        zone=rows[0].zone,
        first_day=market.first_day,
        days=market.days + DAYS_BEYOND,
        holidays=frozenset(
            date(year, month, day)
            for month, day, of, _ in process.support_holidays
            if of in ("", schedule)
            for year in years
        ),
    )


def change_window(change: SupportChange, first_day: date) -> tuple[int, int]:
    """Start and end of a change in seconds from the first day."""
    starts = (change.starts_on - first_day).days * DAY + change.hour * 3600
    length = (change.days - 1) * DAY + change.hours * 3600
    return starts, starts + length
