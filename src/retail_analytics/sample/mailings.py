"""A newsletter to customers who consent: sent, opened, clicked, unsubscribed from.

It moves no orders; who ordered lately opens it more often. It is in a priced market only, from a
random stream of its own.
"""

import numpy as np
import pyarrow as pa
from scipy.special import expit

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream
from retail_analytics.sample.customers import Buyers, Purchases
from retail_analytics.sample.world import World

KINDS = ("impression", "open", "click", "unsubscribe")
SENT_AT = 8 * 3600


def mailing_tables(
    world: World,
    buyers: Buyers,
    purchases: Purchases,
    *,
    is_lost: np.ndarray,
    has_consent: np.ndarray,
    block: int,
) -> dict[str, pa.Table]:
    """Rows of touchpoints, and of truth_engagement: the chance that each opens the next one.

    is_lost: purchases that did not come. has_consent: one entry a customer.
    """
    process, rng = world.process, world.stream(Stream.MAILINGS, block)
    habit = rng.normal(process.newsletter_level, process.newsletter_sd, buyers.customers)
    is_left = np.zeros(buyers.customers, dtype=bool)
    bought, came = purchases.buyer[~is_lost], purchases.second[~is_lost]

    def chances(day: int) -> np.ndarray:
        begin, end = (day - process.newsletter_recent_days) * DAY, day * DAY
        lately = bought[(came >= begin) & (came < end)]
        recent = np.bincount(lately, minlength=buyers.size)[: buyers.customers] > 0
        return expit(habit + process.newsletter_recent_effect * recent)

    rows = []
    first = world.days - process.newsletter_count * process.newsletter_every_days
    for day in range(first, world.days, process.newsletter_every_days):
        told = np.flatnonzero(has_consent & ~is_left & (buyers.signed_up[: buyers.customers] < day))
        sent = day * DAY + SENT_AT
        opens = rng.random(len(told)) < chances(day)[told]
        clicks = opens & (rng.random(len(told)) < process.newsletter_click_share)
        leaves = opens & (rng.random(len(told)) < process.newsletter_leave_share)
        # most opens come on the same day
        opened = sent + 60 + rng.exponential(0.8 * DAY, len(told)).astype(int)
        for kind, happens, second in (
            (0, np.ones(len(told), dtype=bool), np.full(len(told), sent)),
            (1, opens, opened),
            (2, clicks, opened + 30),
            (3, leaves, opened + 60),
        ):
            seen = happens & (second < world.days * DAY)
            rows.append(np.stack([told, second, np.full(len(told), kind)])[:, seen])
        is_left[told[leaves]] = True
    buyer, second, kind = np.concatenate(rows, axis=1)
    order = np.lexsort((kind, buyer, second))
    buyer, second, kind = buyer[order], second[order], kind[order]
    size = len(buyer)
    ids = world.first_number(buyers.first_customer) + np.arange(size)
    touches = pa.table(
        {
            "touchpoint_id": col.ids("M", ids, 7),
            "customer_id": buyers.customer_ids(buyer),
            "touched_at": col.stamps(second, world.first_day),
            "channel": pa.repeat("email", size),
            "campaign": pa.repeat("newsletter", size),
            "device": pa.nulls(size, pa.string()),
            "region": col.labels(buyers.region[buyer], process.regions),
            "touch_type": col.labels(kind, KINDS),
        }
    )
    customers = np.flatnonzero(has_consent & ~is_left)
    truth = pa.table(
        {
            "customer_id": buyers.customer_ids(customers),
            "open_probability": pa.array(chances(world.days)[customers].round(6)),
        }
    )
    return {"touchpoints": touches, "truth_engagement": truth}
