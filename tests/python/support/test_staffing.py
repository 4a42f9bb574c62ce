"""Plans of people by the hour, and what other numbers of people would do."""

import numpy as np
import pandas as pd
import pytest

from retail_analytics.support.staffing import (
    COLUMNS,
    as_text,
    backlog_service,
    capacity_options,
    what_if,
)

RULES = pd.DataFrame(
    {
        "channel": ["default", "phone"],
        "method": ["backlog", "erlang_a"],
        "service_target": [0.9, 0.8],
        "within_minutes": [480.0, 1 / 3],
        "patience_minutes": [None, 2.0],
        "most_occupancy": [0.9, 0.85],
        "absence_share": [0.25, 0.25],
    }
)


def hours(channel: str = "phone", **columns: object) -> pd.DataFrame:
    """A week in which 200 tickets come each hour, open on weekdays from 8 to 18."""
    hour = np.arange(168)
    is_open = (hour // 24 < 5) & (hour % 24 >= 8) & (hour % 24 < 18)
    return pd.DataFrame(
        {
            "channel": channel,
            "hour_of_week": hour,
            "iso_weekday": hour // 24 + 1,
            "hour_of_day": hour % 24,
            "volume": 190.0,
            "volume_p50": 190.0,
            "volume_p80": 200.0,
            "overdispersion": 0.01,
            "open_share": is_open.astype(float),
            "handle_minutes": 3.0,
            "status": "ok",
        }
    ).assign(**columns)


def test_a_queue_gets_the_fewest_people_that_meet_target_and_occupancy() -> None:
    options = capacity_options(hours(), RULES, seed=1)
    one = options[options["hour_of_week"] == 8].set_index("agents")
    # 11 people serve .742 in time
    assert one.loc[11, "service_level"] == pytest.approx(0.742209, abs=5e-7)
    assert not one.loc[11, "is_enough"]
    (recommended,) = one.index[one["is_recommended"]]
    assert one.loc[recommended, "is_enough"]
    assert one.loc[recommended, "occupancy"] <= 0.85
    assert one.loc[recommended - 1, "service_level"] < 0.8 or (
        one.loc[recommended - 1, "occupancy"] > 0.85
    )
    assert one.loc[14, "service_level_without_abandonment"] == pytest.approx(0.88835002, abs=5e-9)


def test_an_hour_without_plan_says_why() -> None:
    week = hours()
    week.loc[week["hour_of_week"] == 9, "open_share"] = np.nan
    options = capacity_options(week, RULES, seed=1).set_index("hour_of_week")
    assert options.loc[0, "status"] == "closed"
    assert options.loc[9, "status"] == "no_hours"
    assert pd.isna(options.loc[0, "agents"])
    unknown = capacity_options(hours(handle_minutes=np.nan), RULES, seed=1)
    assert set(unknown["status"]) == {"closed", "no_handle_minutes"}
    too_few = capacity_options(hours(status="insufficient_data"), RULES, seed=1)
    assert set(too_few["status"]) == {"closed", "insufficient_data"}


def test_a_backlog_is_worked_off_by_the_fewest_who_do_it_in_time() -> None:
    week = hours("email", volume=3.0, volume_p80=4.0, handle_minutes=12.0)
    options = capacity_options(week, RULES, seed=1)
    planned = options[options["status"] == "ok"]
    # 168 x 3 tickets of 12 minutes are 100.8 hours of work, and 50 hours are open: three people
    # could do it, but not what the weekend leaves within eight open hours
    assert set(planned.loc[planned["is_recommended"], "agents"]) == {4}
    assert planned.loc[planned["is_recommended"], "is_enough"].all()
    assert not planned.loc[planned["agents"] == 3, "is_enough"].any()


def test_what_comes_on_the_weekend_waits_for_monday_and_is_in_open_time() -> None:
    share = np.zeros(168)
    share[8:18] = 1
    arrivals = np.zeros((20, 168), dtype=int)
    arrivals[:, 100] = 10
    # ten tickets, four an hour: three of them are answered within two open hours, all within three
    level, _, whole = backlog_service(arrivals, share * 4, share=share, within=180)
    assert (level[100], whole) == (1, 1)
    level, _, whole = backlog_service(arrivals, share * 4, share=share, within=120)
    assert (level[100], whole) == (0, 0)


def test_a_what_if_is_the_plan_s_own_row_for_the_same_number() -> None:
    options = capacity_options(hours(), RULES, seed=1)
    plan = options[options["is_recommended"]]
    same = what_if(plan, agents=int(plan["agents"].max()))
    planned = plan[plan["status"] == "ok"]
    assert same["service_level"].to_numpy() == pytest.approx(planned["service_level"].to_numpy())
    fewer = what_if(plan, agents=5)
    assert (fewer["service_level"] < same["service_level"]).all()
    with pytest.raises(ValueError, match="agents"):
        what_if(plan, agents=0)
    with pytest.raises(ValueError, match="no open hour"):
        what_if(plan[plan["status"] == "closed"], agents=3)


def test_a_what_if_of_a_backlog_is_the_simulated_one_and_reads_as_text() -> None:
    week = hours("email", volume=3.0, volume_p80=4.0, handle_minutes=12.0)
    options = capacity_options(week, RULES, seed=42)
    plan = options[options["is_recommended"]].merge(
        week[["hour_of_week", "volume", "overdispersion"]], on="hour_of_week"
    )
    planned = plan[plan["status"] == "ok"]
    same = what_if(plan, agents=int(planned["agents"].iloc[0]))
    assert same["service_level"].to_numpy() == pytest.approx(planned["service_level"].to_numpy())
    too_few = what_if(plan, agents=1)
    assert not too_few["is_enough"].any()
    text = as_text(too_few, channel="email")
    assert "1 people in each of 50 open hours a week; the plan takes 4 to 4" in text
    assert "enough in 0 of 50 hours" in text


def test_no_channel_no_plan() -> None:
    empty = capacity_options(hours().head(0), RULES, seed=1)
    assert list(empty.columns) == list(COLUMNS)
    assert empty.empty
