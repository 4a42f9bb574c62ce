"""Chances of an open or a click: truths found again, refusals, and nothing from the future."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from pricing_chain import mailings, shop
from scipy.special import expit

from retail_analytics.marketing.conversion import LOGISTIC
from retail_analytics.marketing.engagement import (
    NOT_TO_BE_MAILED,
    OWN_RATE,
    engagement_backtest,
    engagement_scores,
    habits,
)

WEEKS = 40


def newsletter(
    customers: int = 300, *, level: float = -1.0, trend: float = 0.0, seed: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A weekly mailing to customers who open by their own habit, and the true chances today.

    trend: what orders in the month before add to the log odds.
    """
    rng = np.random.default_rng(seed)
    habit = rng.normal(level, 1.2, customers)
    rows, counts = [], np.zeros((customers, 4))
    last = np.full((customers, 3), np.nan)
    for week in range(WEEKS + 1):
        orders = rng.random(customers) < 0.15
        counts[:, 3] += orders
        last[:, 2] = np.where(orders, 1.0, last[:, 2] + 7)
        chance = expit(habit + trend * (last[:, 2] < 30))
        opened = rng.random(customers) < chance
        clicked = opened & (rng.random(customers) < 0.3)
        frame = pd.DataFrame(
            counts, columns=["sent_count", "opened_count", "clicked_count", "order_count"]
        )
        frame[["last_sent_days", "last_opened_days", "last_ordered_days"]] = last
        rows.append(
            frame.assign(
                customer_id=[f"C{n:04d}" for n in range(customers)],
                channel="email",
                is_current=week == WEEKS,
                may_be_mailed=True,
                has_opened=opened if week < WEEKS else None,
                has_clicked=clicked if week < WEEKS else None,
                as_of_date=pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=week),
            )
        )
        counts[:, :3] += np.column_stack([np.ones(customers), opened, clicked])
        last[:, 0] = 7.0
        last[:, 1] = np.where(opened, 7.0, last[:, 1] + 7)
    truth = pd.DataFrame({"customer_id": rows[-1]["customer_id"], "truth": chance})
    return pd.concat(rows, ignore_index=True), truth


def scores(histories: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    backtest = engagement_backtest(histories, engagement_days=7)
    return engagement_scores(histories, backtest), backtest


def figure(backtest: pd.DataFrame, model: str, metric: str, target: str = "open") -> float:
    rows = backtest.set_index(["target", "model", "metric"])
    return float(rows.loc[(target, model, metric), "value"])


def test_true_chances_are_found_again_and_calibrated() -> None:
    histories, truth = newsletter(customers=800, trend=1.0)
    found, backtest = scores(histories)
    assert 0.9 <= figure(backtest, LOGISTIC, "calibration_slope") <= 1.1
    assert abs(figure(backtest, LOGISTIC, "calibration_intercept")) < 0.1
    assert figure(backtest, LOGISTIC, "log_loss") < figure(backtest, OWN_RATE, "log_loss")
    opens = found[found["outcome"] == "open"].merge(truth, on="customer_id")
    assert set(opens["status"]) == {"ok"} and set(opens["method"]) == {LOGISTIC}
    assert np.corrcoef(opens["response_probability"], opens["truth"])[0, 1] > 0.9
    assert (opens["response_probability"] - opens["truth"]).abs().mean() < 0.08
    assert (opens["response_probability_lower"] <= opens["response_probability"]).all()
    assert (opens["response_probability_upper"] >= opens["response_probability"]).all()
    inside = opens["truth"].between(
        opens["response_probability_lower"], opens["response_probability_upper"]
    )
    assert 0.7 <= inside.mean() <= 0.9
    clicks = found[found["outcome"] == "click"].set_index("customer_id")["response_probability"]
    assert (clicks < opens.set_index("customer_id")["response_probability"]).mean() > 0.9


def test_where_habit_is_all_the_own_rate_is_hard_to_beat() -> None:
    _, backtest = scores(newsletter(seed=4)[0])
    served = backtest[backtest["is_serving"]].groupby("target")["model"].first()
    for target, method in served.items():
        for metric in ("brier_score", "log_loss"):
            other = LOGISTIC if method == OWN_RATE else OWN_RATE
            if method == LOGISTIC:
                assert figure(backtest, method, metric, target) < figure(
                    backtest, other, metric, target
                )
    assert figure(backtest, OWN_RATE, "auc") > 0.7


def test_what_comes_after_the_first_day_held_out_is_not_learned_from() -> None:
    histories, _ = newsletter()
    backtest = engagement_backtest(histories, engagement_days=7)
    first = backtest["as_of_date"].iloc[0]
    later = histories["as_of_date"] >= first - pd.Timedelta(days=7)
    changed = histories.copy()
    past = later & ~histories["is_current"]
    # outcomes not known on that day are turned round; what was learned before stays
    unknown = past & (histories["as_of_date"] < first)
    changed.loc[unknown, "has_opened"] = ~histories.loc[unknown, "has_opened"].astype(bool)
    pd.testing.assert_frame_equal(backtest, engagement_backtest(changed, engagement_days=7))


def test_who_is_not_to_be_mailed_has_no_chance() -> None:
    histories, _ = newsletter()
    kept_back = histories["customer_id"] < "C0010"
    histories.loc[kept_back & histories["is_current"], "may_be_mailed"] = False
    found, _ = scores(histories)
    rows = found[found["customer_id"] < "C0010"]
    assert len(rows) == 20 and set(rows["status"]) == {NOT_TO_BE_MAILED}
    assert rows[["response_probability", "driver"]].isna().all(axis=None)
    assert found.loc[found["customer_id"] >= "C0010", "response_probability"].notna().all()


@pytest.mark.parametrize("customers", [0, 1])
def test_too_little_refuses(customers: int) -> None:
    histories, _ = newsletter()
    histories = histories[histories["customer_id"] < f"C{customers:04d}"]
    found, backtest = scores(histories)
    assert backtest.empty
    assert len(found) == 2 * customers
    assert set(found["status"]) <= {"insufficient_data"}
    assert "response_probability" in found and found["response_probability"].isna().all()


def test_a_single_mailing_is_scored_by_the_own_rate_and_says_so() -> None:
    histories, _ = newsletter()
    days = histories["as_of_date"].unique()
    two = histories[histories["is_current"] | (histories["as_of_date"] == days[-2])]
    found, backtest = scores(two)
    assert backtest.empty
    opens = found[found["outcome"] == "open"]
    assert set(opens["status"]) == {"short_history"} and set(opens["method"]) == {OWN_RATE}
    # shrunk towards the rate of all: between it and what the customer did
    raw = opens["response_count"] / opens["mailing_count"]
    chance, base = opens["response_probability"], opens["base_rate"]
    assert (chance.between(np.minimum(raw, base) - 1e-9, np.maximum(raw, base) + 1e-9)).all()


def test_own_rates_are_shrunk_by_how_much_customers_differ() -> None:
    rng = np.random.default_rng(6)
    for strength in (2.0, 20.0):
        own = rng.beta(0.3 * strength, 0.7 * strength, 800)
        rows = pd.DataFrame({"customer_id": np.repeat(np.arange(800), 20), "channel": "email"})
        rows["has_opened"] = rng.random(len(rows)) < np.repeat(own, 20)
        rows["has_clicked"] = False
        found = habits(rows)
        assert found["open"].rate == pytest.approx(0.3, abs=0.03)
        assert strength / 1.5 < found["open"].strength < strength * 1.5
        # nobody clicked: all are alike
        assert found["click"].rate < 0.001


def test_rows_in_another_order_change_nothing() -> None:
    histories, _ = newsletter(customers=80)
    mixed = histories.sample(frac=1, random_state=3)
    for one, other in zip(scores(histories), scores(mixed), strict=True):
        pd.testing.assert_frame_equal(one, other)


def touches(customers: int = 40, weeks: int = 30, *, seed: int = 2) -> pd.DataFrame:
    """Touches of a weekly newsletter: sent to all, opened by some, clicked by some of these."""
    rng = np.random.default_rng(seed)
    rows = []
    for week in range(weeks):
        sent = pd.Timestamp("2024-01-01 08:00") + pd.Timedelta(weeks=week)
        for number in range(customers):
            rows.append((f"C{number:02d}", sent, "impression"))
            if rng.random() < (0.2 + 0.6 * (number % 2)):
                opened = sent + pd.Timedelta(hours=int(rng.integers(1, 300)))
                rows.append((f"C{number:02d}", opened, "open"))
                if rng.random() < 0.4:
                    rows.append((f"C{number:02d}", opened + pd.Timedelta(minutes=1), "click"))
    frame = pd.DataFrame(rows, columns=["customer_id", "touched_at", "touch_type"])
    return frame.assign(
        touchpoint_id=[f"T{n:06d}" for n in range(len(frame))], channel="Email", campaign="News"
    )


def histories_of(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    customers = pd.DataFrame({"customer_id": sorted(frame["customer_id"].unique())})
    customers = customers.assign(
        signed_up_on=date(2023, 1, 1), marketing_consent=customers["customer_id"] != "C01"
    )
    tables = {"touchpoints": frame, "customers": customers}
    return mailings(shop(tables, as_of=date(2024, 7, 28)))


def test_from_touches_to_chances() -> None:
    frame = touches()
    histories, campaigns = histories_of(frame)
    kinds = frame["touch_type"].value_counts()
    row = campaigns.loc["News"]
    assert row["mailing_count"] == kinds["impression"] == 1200
    # an open after the next mailing was sent is counted with that one
    assert row["clicked_count"] <= row["opened_count"] <= kinds["open"]
    assert row["open_rate"] == pytest.approx(row["opened_count"] / 1200)
    found, backtest = scores(histories)
    assert figure(backtest, OWN_RATE, "auc") > 0.6
    opens = found[found["outcome"] == "open"].set_index("customer_id")
    assert opens.loc["C01", "status"] == NOT_TO_BE_MAILED
    number = opens.index.str[1:].astype(int)
    often = opens["response_probability"][number % 2 == 1]
    seldom = opens["response_probability"][number % 2 == 0]
    assert often.min() > seldom.max()


def test_what_happens_later_changes_no_history() -> None:
    frame = touches()
    histories, _ = histories_of(frame)
    cut = pd.Timestamp("2024-04-01")
    rng = np.random.default_rng(5)
    changed = frame.copy()
    later = (frame["touched_at"] >= cut) & (frame["touch_type"] != "impression")
    days = pd.to_timedelta(rng.integers(0, 3, int(later.sum())), unit="D")
    changed.loc[later, "touched_at"] = frame.loc[later, "touched_at"] + days
    others, _ = histories_of(changed)
    known = ["sent_count", "opened_count", "clicked_count", "last_opened_days"]
    before, after = (
        table[table["as_of_date"] <= cut].set_index(["customer_id", "as_of_date"])[known]
        for table in (histories, others)
    )
    assert len(before) == 14 * 40
    pd.testing.assert_frame_equal(before.sort_index(), after.sort_index())
