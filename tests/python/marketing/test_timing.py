"""What touches caused, by when orders come after them: shops whose truth is known."""

from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pytest
from compiled import run_models

Delays = Callable[[np.random.Generator, int], np.ndarray]
MODELS = dict.fromkeys(("int_timing_orders", "int_timing_parts", "int_timing_increments"), "table")
HOUR, DAY, DAYS, CUSTOMERS = 3_600, 86_400, 300, 1_500
# hours from a touch to its order, with mean 8, 20, 8 and 12
DELAYS: dict[str, Delays] = {
    "even": lambda draw, n: draw.exponential(8, n),
    "slow": lambda draw, n: draw.exponential(20, n),
    "Weibull": lambda draw, n: 6.32 * draw.weibull(0.7, n),
    "log-normal": lambda draw, n: draw.lognormal(np.log(12) - 1.125, 1.5, n),
}


def shop(
    seed: int, kind: str = "even", *, adverts: int = 1, share: float = 1 / 3, hours: float = 48
) -> tuple[pd.DataFrame, int]:
    """What timing says of mails, of which a third cause an order some hours later, and of adverts
    shown in the two days before a third of all orders, which cause none; orders caused."""
    draw = np.random.default_rng(seed)

    def events(per_customer: float) -> tuple[np.ndarray, np.ndarray]:
        customer = np.repeat(np.arange(CUSTOMERS), draw.poisson(per_customer, CUSTOMERS))
        return customer, draw.uniform(5 * DAY, (DAYS - 5) * DAY, len(customer))

    mailed, mail_at = events(3)
    buyer, bought_at = events(4)
    works = draw.random(len(mailed)) < 1 / 3
    caused_at = mail_at[works] + HOUR * DELAYS[kind](draw, int(works.sum()))
    buyers, orders_at = np.append(buyer, mailed[works]), np.append(bought_at, caused_at)
    seen = np.tile(np.arange(len(buyers)), adverts)
    seen = seen[draw.random(len(seen)) < share]
    advert_at = orders_at[seen] - draw.uniform(0, hours * HOUR, len(seen))

    def stamps(seconds: np.ndarray) -> pd.Series:
        start = pd.Timestamp("2024-01-01")
        return (start + pd.to_timedelta(seconds, unit="s")).floor("s").astype("datetime64[us]")

    touches = pd.DataFrame(
        {
            "customer_id": np.append(mailed, buyers[seen]),
            "channel": ["mail"] * len(mailed) + ["advert"] * len(seen),
            "touched_at": stamps(np.append(mail_at, advert_at)),
        }
    )
    orders = pd.DataFrame(
        {
            "order_id": np.arange(len(buyers)),
            "customer_id": buyers,
            "has_time": True,
            "revenue": 50.0,
            "ordered_at": stamps(orders_at),
        }
    )
    con = duckdb.connect()
    con.register("int_touch_orders", touches)
    con.register("int_journey_orders", orders)
    con.execute(
        "create table int_marketing_settings as "
        "select 24 as timing_window_hours, 10 as timing_fewest_orders"
    )
    run_models(con, MODELS)
    return con.table("int_timing_increments").df().set_index("channel"), int(works.sum())


def test_what_touches_caused_is_inside_its_interval_and_adverts_shown_to_buyers_cause_nothing():
    ratio, mail, advert = [], 0, 0
    for seed in range(20):
        found, caused = shop(seed)
        reach = 1.2816 * found["orders_error"]
        mail += abs(found["orders"]["mail"] - caused) <= reach["mail"]
        advert += found["orders"]["advert"] - reach["advert"] > 0
        ratio.append(found["orders"]["mail"] / caused)
        assert found["revenue"]["mail"] == pytest.approx(50 * found["orders"]["mail"], rel=1e-6)
    assert 0.97 <= np.mean(ratio) <= 1.03
    assert mail >= 14
    # one in ten by chance
    assert advert <= 5


def test_delays_of_another_kind_are_inside_the_interval_too():
    held = 0
    for kind in ("slow", "Weibull", "log-normal"):
        ratio = []
        for seed in range(30, 34):
            found, caused = shop(seed, kind)
            mail = found.loc["mail"]
            held += abs(mail["orders"] - caused) <= 1.2816 * mail["orders_error"]
            ratio.append(mail["orders"] / caused)
        assert 0.9 <= np.mean(ratio) <= 1.05
    assert held >= 10


@pytest.mark.parametrize(("adverts", "share", "hours"), [(2, 0.8, 48), (4, 1, 48), (2, 0.8, 24)])
def test_several_adverts_before_an_order_do_not_look_as_if_they_faded(adverts, share, hours):
    effective = 0
    for seed in range(40, 46):
        found, _ = shop(seed, adverts=adverts, share=share, hours=hours)
        advert = found.loc["advert"]
        effective += advert["orders"] - 1.2816 * advert["orders_error"] > 0
    assert effective <= 1
