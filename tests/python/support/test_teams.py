"""Effects of teams and agents: truths inside their intervals, and none where there are none."""

import numpy as np
import pandas as pd

from retail_analytics.support.teams import COLUMNS, team_effects

TEAM_LOGS = np.log([1.0, 2.0, 3.0, 5.0])


def cells(seed: int, *, agent_sd: float, team_logs: np.ndarray = TEAM_LOGS, size: int = 6_000):
    """Tickets of four teams with four agents each; two topics belong to each team alone."""
    rng = np.random.default_rng(seed)
    speed = rng.normal(0, agent_sd, (4, 4))
    topic, agent = rng.integers(0, 8, size), rng.integers(0, 4, size)
    team, priority, hour = topic // 2, rng.integers(0, 4, size), rng.integers(0, 4, size)
    value = (
        3.4
        + team_logs[team]
        + speed[team, agent]
        + np.array([0.5, 0.0, -0.3, -0.9])[priority]
        + rng.normal(0, 0.8, size)
    )
    frame = pd.DataFrame(
        {
            "measure": "first_reply",
            "team": [f"t{n}" for n in team],
            "agent": [f"a{t}{a}" for t, a in zip(team, agent, strict=True)],
            "topic": [f"o{n}" for n in topic],
            "priority": [f"p{n}" for n in priority],
            "hour_block": hour,
            "log_sum": value,
            "log_squares": value**2,
            "median_minutes": np.exp(value),
            "ticket_count": 1,
        }
    )
    keys = ["measure", "team", "agent", "topic", "priority", "hour_block"]
    sums = {"ticket_count": "sum", "log_sum": "sum", "log_squares": "sum"}
    return frame.groupby(keys).agg({**sums, "median_minutes": "median"}).reset_index(), speed


def fit(frame: pd.DataFrame, **settings: int) -> pd.DataFrame:
    options = {"least_tickets": 20, "most_agents": 500, "interval_z": 1.2816, **settings}
    return team_effects(frame, **options)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    agents_hit, teams_hit = [], []
    for seed in range(40):
        frame, speed = cells(seed, agent_sd=0.25)
        result = fit(frame).set_index(["level", "agent", "team"])
        agents, teams = result.loc["agent"], result.loc["team"]
        truth = np.array([speed[int(name[1]), int(name[2])] for name, _ in agents.index])
        agents_hit.append(
            (agents["effect_log_lower"] <= truth) & (truth <= agents["effect_log_upper"])
        )
        truth = TEAM_LOGS - TEAM_LOGS.mean()
        teams_hit.append(
            (teams["effect_log_lower"] <= truth) & (truth <= teams["effect_log_upper"])
        )
    assert 0.72 <= np.concatenate(agents_hit).mean() <= 0.88
    assert 0.70 <= np.concatenate(teams_hit).mean() <= 0.95


def test_agents_and_teams_without_a_difference_show_none() -> None:
    shown = []
    for seed in range(100, 130):
        frame, _ = cells(seed, agent_sd=0.0, team_logs=np.zeros(4), size=3_000)
        shown.append(fit(frame)["verdict"] != "no_difference")
    assert np.concatenate(shown).mean() <= 0.05


def test_ranks_are_given_where_a_difference_shows() -> None:
    frame, _ = cells(1, agent_sd=0.0)
    result = fit(frame)
    teams = result[result["level"] == "team"].set_index("team")
    assert list(teams.loc[["t0", "t1", "t2", "t3"], "performance_rank"]) == [1, 2, 3, 4]
    same, _ = cells(1, agent_sd=0.0, team_logs=np.zeros(4))
    undecided = fit(same)
    quiet = undecided.groupby(["level", "team"])["verdict"].transform(
        lambda verdicts: (verdicts == "no_difference").all()
    )
    agents = undecided[(undecided["level"] == "agent") & quiet]
    assert len(agents) > 0
    assert agents["performance_rank"].isna().all()


def test_a_harder_mix_is_not_a_slower_team() -> None:
    """Team b gets the slow priority nine times in ten; its raw times are three times as long."""
    rng = np.random.default_rng(2)
    rows = []
    for team, share in (("a", 0.1), ("b", 0.9)):
        hard = rng.random(2_000) < share
        value = 3 + 1.5 * hard + rng.normal(0, 0.5, 2_000)
        for kind in (False, True):
            part = value[hard == kind]
            rows.append(
                ("first_reply", team, None, "topic", str(kind), 0, len(part), part.sum())
                + ((part**2).sum(), float(np.exp(np.median(part))))
            )
    frame = pd.DataFrame(
        rows,
        columns=["measure", "team", "agent", "topic", "priority", "hour_block", "ticket_count"]
        + ["log_sum", "log_squares", "median_minutes"],
    )
    teams = fit(frame).set_index("team")
    assert teams.loc["b", "median_minutes"] > 3 * teams.loc["a", "median_minutes"]
    assert abs(teams.loc["b", "effect_log"]) < 0.05


def test_too_few_tickets_have_no_rank_and_say_so() -> None:
    frame, _ = cells(1, agent_sd=0.3, size=200)
    result = fit(frame, least_tickets=100)
    assert set(result["status"]) == {"insufficient_data"}
    assert result["effect_log"].isna().all()
    assert result["performance_rank"].isna().all()
    one_team = frame[frame["team"] == "t0"]
    alone = fit(one_team)
    assert alone.loc[alone["level"] == "team", "status"].tolist() == ["insufficient_data"]


def test_no_tickets_no_teams_and_row_order_does_not_matter() -> None:
    frame, _ = cells(3, agent_sd=0.25)
    empty = fit(frame.head(0))
    assert list(empty.columns) == list(COLUMNS)
    shuffled = frame.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(fit(frame), fit(shuffled))
