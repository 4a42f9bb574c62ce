"""Who gets which variant: a salted hash of the unit, the same in Python and in SQL.

The macro of the same name (`macros/experiments/assignment.sql`) gives the same figures. Nothing is
stored and nothing is drawn: a unit falls where its hash falls, today and in ten years.

1. Layer: experiments of one layer own parts of [0, 1) that do not overlap, and a unit has one place
   in the layer; so nobody is in two of them.
2. Traffic: a unit takes part when its place for the experiment lies below the share of traffic. A
   share that grows only adds units.
3. Variant: a third place, which traffic does not touch, so that nobody changes variant when the
   share grows.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

HEX_DIGITS = 8


@dataclass(frozen=True)
class Plan:
    """How an experiment is split.

    Attributes
    ----------
    salt : text that makes its places its own.
    variants, shares : names in order, and their shares of the units taking part (any total).
    layer, layer_from, layer_to : the part of a layer it owns; without a layer, everybody.
    rollout : days from which on a share of traffic takes part, with that share, 0 to 1; without
        any, everybody from the first day.
    """

    salt: str
    variants: tuple[str, ...]
    shares: tuple[float, ...]
    layer: str | None = None
    layer_from: float = 0.0
    layer_to: float = 1.0
    rollout: tuple[tuple[date, float], ...] = ()


def place(units: Sequence[str], *, salt: str, purpose: str) -> np.ndarray:
    """A number in [0, 1) per unit, even and independent between salts and purposes.

    It is the first eight hexadecimal digits of md5(salt:purpose:unit), over 16 ** 8.
    """
    head = hashlib.md5(f"{salt}:{purpose}:".encode(), usedforsecurity=False)
    numbers = np.empty(len(units))
    for position, unit in enumerate(units):
        digest = head.copy()
        digest.update(str(unit).encode())
        numbers[position] = int(digest.hexdigest()[:HEX_DIGITS], 16)
    return numbers / 16**HEX_DIGITS


def traffic_share(plan: Plan, on: date) -> float:
    """Share of traffic that takes part on a day: the largest of the steps begun by then.

    A step back would take units out that have seen a variant, so there is none.
    """
    if not plan.rollout:
        return 1.0
    return max((share for begins, share in plan.rollout if begins <= on), default=0.0)


def assign(units: Sequence[str], plan: Plan, *, on: date) -> pd.DataFrame:
    """The units that take part on a day, each with its variant.

    Parameters
    ----------
    units : ids; a unit that stands there twice is assigned once.
    on : the day, for the share of traffic.

    Returns
    -------
    Columns `unit` and `variant`, in the order of the units.

    Raises
    ------
    ValueError : shares or the layer's part do not make sense.
    """
    check_plan(plan)
    units = pd.Series(units, dtype="object").dropna().drop_duplicates().astype(str).to_numpy()
    takes_part = place(units, salt=plan.salt, purpose="traffic") < traffic_share(plan, on)
    if plan.layer:
        in_layer = place(units, salt=plan.layer, purpose="layer")
        takes_part &= (in_layer >= plan.layer_from) & (in_layer < plan.layer_to)
    units = units[takes_part]
    return pd.DataFrame({"unit": units, "variant": variants_of(units, plan)})


def variants_of(units: Sequence[str], plan: Plan) -> np.ndarray:
    """Variant of each unit, whether or not it takes part yet."""
    edges = np.cumsum(plan.shares) / sum(plan.shares)
    places = place(units, salt=plan.salt, purpose="variant")
    # the last edge may fall short of 1 by rounding; no place lies beyond the last variant
    chosen = np.searchsorted(edges[:-1], places, side="right")
    return np.array(plan.variants, dtype=object)[chosen]


def check_plan(plan: Plan) -> None:
    """Raises ValueError, naming what is wrong with the plan."""
    if len(plan.variants) < 2 or len(set(plan.variants)) != len(plan.variants):
        raise ValueError("an experiment needs two or more variants with different names")
    if len(plan.shares) != len(plan.variants):
        raise ValueError("every variant needs one planned_share")
    if min(plan.shares) < 0 or sum(plan.shares) <= 0:
        raise ValueError("planned_share must be 0 or more, and more than 0 in total")
    if not 0 <= plan.layer_from < plan.layer_to <= 1:
        raise ValueError("layer_from and layer_to must be a part of 0 to 1")
    if any(not 0 <= share <= 1 for _, share in plan.rollout):
        raise ValueError("traffic_share must be 0 to 1")
