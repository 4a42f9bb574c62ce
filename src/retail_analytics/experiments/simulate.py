"""Experiments in which nothing happens, looked at once, often, and sequentially."""

from dataclasses import dataclass

import numpy as np

from retail_analytics.experiments.comparisons import (
    Arms,
    confidence_sequence,
    difference,
    fixed_horizon,
    sample_variance,
    welch_degrees,
)

VALUES = ("normal", "conversion of 5 %", "spend, mostly nothing")
CHUNK = 100


@dataclass(frozen=True)
class FalseAlarms:
    """Shares of experiments without effect that found one, 0 to 1.

    Attributes
    ----------
    fixed : at the last look only, by Welch.
    peeking : at any look, by Welch.
    sequential : at any look, by the confidence sequence.
    """

    fixed: float
    peeking: float
    sequential: float


def draw(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Values per unit of a kind of metric."""
    if kind == "normal":
        return rng.normal(size=shape)
    if kind == "conversion of 5 %":
        return (rng.random(shape) < 0.05).astype(float)
    if kind == "spend, mostly nothing":
        return np.where(rng.random(shape) < 0.1, rng.lognormal(3.5, 1.0, shape), 0.0)
    raise ValueError(f"no such kind of values: {kind}")


def false_alarms(
    kind: str,
    *,
    experiments: int,
    looks: int,
    units_per_look: int,
    seed: int,
    alpha: float = 0.05,
    tuning: float = 5000,
) -> FalseAlarms:
    """How often two variants that are the same are said to differ.

    Parameters
    ----------
    kind : one of VALUES.
    looks : times somebody looks, evenly spread.
    units_per_look : units that each variant gets between two looks.
    """
    rng = np.random.default_rng(seed)
    found = {"fixed": 0, "peeking": 0, "sequential": 0}
    units = np.arange(1, looks + 1) * float(units_per_look)
    for start in range(0, experiments, CHUNK):
        size = min(CHUNK, experiments - start)
        arms = []
        for _ in range(2):
            values = draw(kind, (size * looks, units_per_look), rng)
            total = values.sum(axis=1).reshape(size, looks).cumsum(axis=1)
            squares = (values**2).sum(axis=1).reshape(size, looks).cumsum(axis=1)
            n = np.broadcast_to(units, total.shape)
            arms.append(Arms(n, total / n, sample_variance(squares, total, n)))
        estimate, error = difference(*arms)
        fixed = fixed_horizon(estimate, error, degrees=welch_degrees(*arms), alpha=alpha)
        always = confidence_sequence(
            estimate, error, units=arms[0].units + arms[1].units, alpha=alpha, tuning=tuning
        )
        is_found = fixed.p_value < alpha
        found["fixed"] += int(is_found[:, -1].sum())
        found["peeking"] += int(is_found.any(axis=1).sum())
        found["sequential"] += int((always.p_value < alpha).any(axis=1).sum())
    return FalseAlarms(**{name: count / experiments for name, count in found.items()})
