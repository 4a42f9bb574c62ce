"""The truths of the sample found again by the tables, in memory; edge cases of campaigns."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pricing_chain import campaigns, loyalty, mailings, prices, shop

from retail_analytics.marketing.engagement import engagement_backtest, engagement_scores
from retail_analytics.sample import write_sample


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("priced")
    write_sample(customers=2000, out=folder, seed=3, file_format="parquet", market="priced")
    return folder


def test_elasticities_of_the_sample_are_found_again(priced: Path) -> None:
    elasticities, discounts = prices(shop(priced))
    truths = pd.read_parquet(priced / "truth_elasticities.parquet")
    rows = elasticities.merge(truths, on="category", suffixes=("", "_true"))
    assert len(rows) == 8
    assert set(rows["status"]) == {"ok"}
    inside = rows["elasticity_true"].between(rows["elasticity_lower"], rows["elasticity_upper"])
    assert inside.mean() >= 0.5
    assert (rows["elasticity_upper"] < 0).all()
    assert np.corrcoef(rows["elasticity"], rows["elasticity_true"])[0, 1] > 0.6
    whole = discounts[(discounts["level"] == "shop") & (discounts["status"] == "ok")]
    # deeper discounts sell more
    assert len(whole) == 3 and whole["uplift"].is_monotonic_increasing


def test_the_naive_estimate_of_a_campaign_is_wrong_and_the_hold_out_holds_the_truth(
    priced: Path,
) -> None:
    found = campaigns(shop(priced))
    truths = pd.read_parquet(priced / "truth_campaigns.parquet").set_index("campaign")
    rows = found.loc[truths.index]
    assert set(rows["status"]) == {"ok"} and set(rows["evidence"]) == {"randomised"}
    caused = truths["caused_order_count"]
    assert (rows["naive_caused_orders"] > 3 * caused).all()
    # planted is the share .15 beyond; what came of it is drawn
    without = rows["caused_orders"] / rows["uplift"] * truths["true_lift"]
    assert (caused > 0.5 * without).all() and (caused < 1.5 * without).all()
    assert (rows["reached_count"] == truths["shown_count"]).all()
    assert (rows["compared_count"] == truths["held_out_count"]).all()
    # a voucher takes more off orders that would have come anyway than it brings in margin
    margins = truths["caused_margin"].astype(float)
    assert margins["voucher-autumn"] < 0 < margins["thanks-spring"]
    # within two and a half standard errors: the intervals are of 80 %
    width = rows["caused_margin_upper"] - rows["caused_margin_lower"]
    assert ((rows["caused_margin"] - margins).abs() < width).all()
    assert rows.loc["voucher-autumn", "verdict"] == "does_not_pay"
    # sales of the whole shop have no audience, and no figure
    sales = found[found.index.str.startswith("sale-")]
    assert set(sales["status"]) == {"no_audience"}
    assert sales[["caused_orders", "naive_caused_orders"]].isna().all(axis=None)


def test_who_will_open_the_newsletter_is_found_again(priced: Path) -> None:
    histories, rates = mailings(shop(priced))
    truths = pd.read_parquet(priced / "truth_engagement.parquet")
    backtest = engagement_backtest(histories, engagement_days=7)
    opens = backtest[backtest["target"] == "open"].set_index(["model", "metric"])["value"]
    assert 0.9 <= opens["logistic regression", "calibration_slope"] <= 1.1
    assert opens["logistic regression", "auc"] > 0.7
    scores = engagement_scores(histories, backtest)
    # who unsubscribed or never consented is not in the truths, and has no chance
    known = scores[scores["response_probability"].notna() & (scores["outcome"] == "open")]
    assert set(known["customer_id"]) <= set(truths["customer_id"])
    rows = known.merge(truths, on="customer_id")
    assert np.corrcoef(rows["response_probability"], rows["open_probability"])[0, 1] > 0.8
    inside = rows["open_probability"].between(
        rows["response_probability_lower"], rows["response_probability_upper"]
    )
    assert 0.7 <= inside.mean() <= 0.9
    assert rates.loc["newsletter", "status"] == "ok"
    assert 0.25 < rates.loc["newsletter", "open_rate"] < 0.35


def test_members_come_back_more_often_and_that_is_not_the_programme(priced: Path) -> None:
    tables = loyalty(shop(priced))
    summary = tables["loyalty_summary"]
    known = summary[summary["status"] == "ok"]
    assert set(known["evidence"]) == {"not causal"}
    # a tenth more orders make at most a tenth more that come back; members order often anyway
    most = 0.1 * known["repeat_rate"].mean()
    assert known["repeat_rate_difference"].mean() > 2 * most
    whole = tables["loyalty_liability"].set_index("tier").loc["all"]
    assert whole["status"] == "ok"
    assert 0 < whole["breakage_rate_lower"] < whole["breakage_rate"] < 1
    assert whole["points_to_be_redeemed"] < whole["points_liability"]


def mailing(
    *,
    customers: int = 400,
    reached: float = 0.5,
    rate: float = 0.6,
    effect: float = 0.0,
    rising: float = 0.0,
    names: tuple[str, ...] = ("mail",),
    by_lot: bool = False,
    seed: int = 0,
) -> dict[str, pd.DataFrame]:
    """Customers of whom a share is mailed; orders of three equal spans, Poisson.

    by_lot: whether who is mailed was drawn, and the draw is recorded.
    """
    rng = np.random.default_rng(seed)
    start = date(2024, 6, 1)
    ids = [f"C{number}" for number in range(customers)]
    is_reached = rng.random(customers) < reached
    orders = []
    for span in range(3):
        means = rate * (1 + (span == 2) * effect * is_reached + span * rising * is_reached)
        for customer, count in zip(ids, rng.poisson(means), strict=True):
            first = start + timedelta(days=30 * (span - 2))
            orders += [
                (customer, first + timedelta(days=int(day))) for day in rng.integers(0, 30, count)
            ]
    frame = pd.DataFrame(orders, columns=["customer_id", "ordered_at"])
    frame = frame.assign(
        order_id=[f"O{n}" for n in range(len(frame))],
        ordered_at=pd.to_datetime(frame["ordered_at"]),
        order_status="completed",
        order_total=10.0,
    )
    mailed = [ids[n] for n in np.flatnonzero(is_reached)]
    drawn = pd.DataFrame(
        {
            "experiment_id": names[0],
            "customer_id": ids,
            "variant": np.where(is_reached, "treatment", "control"),
            "assigned_at": pd.Timestamp(start),
        }
    )
    return {
        "experiment_assignments": drawn[: customers * by_lot],
        "customers": pd.DataFrame({"customer_id": ids, "signed_up_on": date(2023, 1, 1)}),
        "orders": frame,
        "campaigns": pd.DataFrame(
            {"campaign": names, "starts_on": start, "ends_on": start + timedelta(days=29)}
        ),
        "touchpoints": pd.DataFrame(
            {
                "customer_id": mailed * len(names),
                "campaign": np.repeat(names, len(mailed)),
                "touched_at": pd.Timestamp(start),
                "channel": "email",
                "touch_type": (["open", "click", "impression"] * customers)[
                    : len(mailed) * len(names)
                ],
            }
        ),
    }


def test_before_and_after_finds_an_effect_and_says_that_the_audience_was_selected() -> None:
    covered = []
    for seed in range(30):
        found = campaigns(shop(mailing(effect=0.4, seed=seed), as_of=date(2024, 7, 31)))
        row = found.loc["mail"]
        if row["status"] != "selected_audience":
            # one placebo in twenty fails by chance
            assert row["status"] == "trends_differ"
            continue
        assert row["evidence"] == "before_and_after"
        assert row["opened_count"] > row["clicked_count"] > 0
        covered.append(row["uplift_lower"] <= 0.4 <= row["uplift_upper"])
    assert len(covered) >= 25
    assert 0.65 <= np.mean(covered) <= 0.95


def test_an_uplift_by_lot_holds_the_truth_as_often_as_it_says() -> None:
    covered = []
    for seed in range(40):
        tables = mailing(reached=0.85, effect=0.5, by_lot=True, seed=seed)
        row = campaigns(shop(tables, as_of=date(2024, 7, 31))).loc["mail"]
        assert row["status"] == "ok" and row["evidence"] == "randomised"
        covered.append(row["uplift_lower"] <= 0.5 <= row["uplift_upper"])
    # the interval of the difference over the estimated baseline holds it in .675
    assert 0.7 <= np.mean(covered) <= 0.9


def test_an_audience_on_another_trend_gets_no_effect() -> None:
    row = campaigns(shop(mailing(rising=1.0), as_of=date(2024, 7, 31))).loc["mail"]
    assert row["status"] == "trends_differ"
    assert pd.isna(row["caused_orders"]) and pd.isna(row["naive_caused_orders"])


def test_everybody_mailed_leaves_nobody_to_compare_with() -> None:
    row = campaigns(shop(mailing(reached=1.0), as_of=date(2024, 7, 31))).loc["mail"]
    assert row["status"] == "everybody_reached"
    assert row["reached_count"] == 400
    assert pd.isna(row["caused_orders"]) and pd.isna(row["naive_caused_orders"])


def test_campaigns_that_overlap_are_not_told_apart() -> None:
    found = campaigns(shop(mailing(names=("mail", "letter")), as_of=date(2024, 7, 31)))
    assert set(found["status"]) == {"overlapping"}
    assert (found["overlap_share"] == 1).all()


def test_a_campaign_of_tomorrow_is_not_there_and_one_that_runs_is_not_over() -> None:
    tables = mailing()
    assert campaigns(shop(tables, as_of=date(2024, 5, 31))).empty
    assert not campaigns(shop(tables, as_of=date(2024, 6, 10))).loc["mail", "is_over"]


def test_seven_orders_refuse() -> None:
    tables = {name: rows for name, rows in mailing().items() if name != "touchpoints"}
    tables["orders"] = tables["orders"].head(7)
    tables["order_lines"] = pd.DataFrame(
        {"order_id": tables["orders"]["order_id"], "product_id": "P", "quantity": 1.0}
    ).assign(unit_price=[10.0, 9.0, 10.0, 8.0, 10.0, 9.0, 10.0])
    con = shop(tables, as_of=date(2024, 7, 31))
    elasticities, discounts = prices(con)
    assert set(elasticities["status"]) == {"insufficient_data"}
    assert set(discounts["status"]) <= {"insufficient_data", "no_discount"}
    assert set(campaigns(con)["status"]) == {"no_audience"}
    assert loyalty(con)["loyalty_liability"].empty
