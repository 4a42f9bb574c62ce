"""The simulation of a policy against a trace by hand and against exact services."""

import numpy as np
import pytest
from scipy import stats

from retail_analytics.inventory.simulation import simulate_policy


def replay(demand, *, reorder, up_to, review=1, lead=0, **options):
    rows = len(demand)
    return simulate_policy(
        np.asarray(demand, dtype=float),
        reorder_point=np.full(rows, float(reorder)),
        order_up_to=np.full(rows, float(up_to)),
        review_period_days=np.full(rows, review),
        lead_time_days=np.full(np.shape(demand), lead),
        **options,
    )


def test_a_trace_by_hand():
    # Up to 10 at 4 or below, two full days on the way.
    # day       0  1  2  3  4  5  6
    # arrives            7        6
    # demand    7  2  3  1  0  1  9
    # evening   3  1 -2  4  4  3  0
    # position  3  8  5  4 10  9  0    (after the order of the evening before)
    # order     7        6        10
    found = replay([[7, 2, 3, 1, 0, 1, 9]], reorder=4, up_to=10, lead=2).iloc[0]
    assert found.orders == 3
    assert found.cycles == 2
    assert found.cycle_service == 0.5
    assert found.fill_rate == pytest.approx((7 + 2 + 1 + 1 + 0 + 1 + 9) / 23)
    assert found.average_on_hand_units == pytest.approx((3 + 1 + 0 + 4 + 4 + 3 + 0) / 7)
    assert found.average_short_units == pytest.approx(2 / 7)


def test_an_order_that_arrives_after_the_end_is_never_seen():
    # A slip of the pen in a lead time must not take the memory of a billion days.
    demand = [[3, 1, 2, 1, 0, 1, 2]]
    late, later = (replay(demand, reorder=9, up_to=9, lead=lead) for lead in (7, 10**9))
    assert late.equals(later)
    assert late.loc[0, "cycles"] == 0 and late.loc[0, "orders"] > 0


def test_base_stock_reaches_the_exact_service():
    rng = np.random.default_rng(0)
    demand = rng.poisson(0.7, (400, 600))
    for review, lead, level in ((1, 4, 6), (7, 5, 13)):
        found = replay(demand, reorder=level, up_to=level, review=review, lead=lead)
        service = np.average(found["cycle_service"], weights=found["cycles"])
        assert service == pytest.approx(stats.poisson.cdf(level, 0.7 * (review + lead)), abs=0.005)


def test_continuous_review_of_single_units_reaches_the_exact_service():
    # Unit demands reviewed daily pass the reorder point without undershoot.
    demand = (np.random.default_rng(1).random((400, 800)) < 0.3).astype(float)
    found = replay(demand, reorder=5, up_to=25, lead=10)
    service = np.average(found["cycle_service"], weights=found["cycles"])
    assert service == pytest.approx(stats.binom.cdf(5, 10, 0.3), abs=0.01)


def test_undershoot_costs_service_that_the_lead_time_alone_does_not_see():
    rng = np.random.default_rng(2)
    demand = (rng.random((300, 800)) < 0.1) * 5.0
    batches = stats.binom.ppf(0.95, 10, 0.1)
    found = replay(demand, reorder=5 * batches, up_to=5 * batches + 43, lead=10)
    service = np.average(found["cycle_service"], weights=found["cycles"])
    assert service < stats.binom.cdf(batches, 10, 0.1) - 0.03


def test_more_stock_never_serves_less():
    demand = np.random.default_rng(3).negative_binomial(0.5, 0.2, (50, 300))
    low, high = (replay(demand, reorder=s, up_to=s, review=7, lead=9) for s in (30, 45))
    assert (high["cycle_service"] >= low["cycle_service"]).all()
    assert (high["fill_rate"] >= low["fill_rate"]).all()
    assert (high["average_on_hand_units"] > low["average_on_hand_units"]).all()


def test_a_row_starts_on_its_first_day():
    demand = np.ones((2, 20))
    found = replay(demand, reorder=3, up_to=3, lead=1, first_day=np.array([0, 20]))
    assert found["days"].tolist() == [20, 0]
    assert found.loc[1, "cycles"] == 0
    assert np.isnan(found.loc[1, ["cycle_service", "fill_rate", "average_on_hand_units"]]).all()


def test_no_demand_has_no_fill_rate_and_keeps_its_stock():
    found = replay(np.zeros((1, 30)), reorder=2, up_to=2, review=7, lead=3).iloc[0]
    assert np.isnan(found.fill_rate)
    assert found.cycle_service == 1.0
    assert (found.average_on_hand_units, found.orders) == (2.0, 0)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"review": 0}, "review_period_days"),
        ({"lead": -1}, "lead_time_days"),
        ({"up_to": 1}, "order_up_to"),
    ],
)
def test_a_policy_without_sense_is_named(changes, column):
    with pytest.raises(ValueError, match=f"^{column}:"):
        replay(np.ones((1, 5)), **({"reorder": 2, "up_to": 3} | changes))
