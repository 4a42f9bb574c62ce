"""Which of several models serves: the one that does already, until another is surely better.

The first of these that applies decides:

1. a person named a model (`Reign.pinned`): it serves, whatever the backtest says;
2. nothing is known to have served: the best of the backtest does;
3. what served did worse than the best baseline in this build and in the one before it on an earlier
   day: the baseline serves;
4. what served is the best of the backtest, or cannot be measured any more: the best serves;
5. the best takes its place where the interval of what it takes off the loss lies above 0, case by
   case on the same held-out data, else what served stays.

A build repeated on its day starts from where that day's first one started, so that it decides the
same.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]

LEVEL = 0.80
# builds in a row, each on a later day, in which a model may do worse than its baseline
WORSE_BUILDS = 2


@dataclass(frozen=True)
class Reign:
    """What a build knows before it decides: what served, in how many builds in a row it did worse
    than its baseline, and what a person wants to serve."""

    champion: str | None = None
    worse_builds: int = 0
    pinned: str | None = None


NO_REIGN = Reign()


@dataclass(frozen=True)
class Decision:
    """What serves and why. gain: what `challenger`, the best of the backtest, takes off the loss of
    what served, with its interval; NaN where nothing was compared. reason: rolled_back,
    first_decision, worse_than_baseline_twice, still_best, not_measured, challenger_won or
    challenger_not_surely_better."""

    champion: str
    challenger: str
    baseline: str
    reason: str
    champion_before: str | None
    pinned: str | None
    worse_builds: int
    worse_builds_before: int
    gain: float | None = None
    gain_lower: float | None = None
    gain_upper: float | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def decide(
    *,
    best: str,
    baseline: str,
    losses: Mapping[str, float],
    case_losses: Callable[[str], Array],
    reign: Reign = NO_REIGN,
    weight: Array | None = None,
) -> Decision:
    """The decision of one build.

    Parameters
    ----------
    best: the model that a first build would serve; baseline: the best of the naive ones; both are
        in `losses`, the mean loss of each candidate in the backtest (lower is better).
    case_losses: the loss of a candidate for each case held out, in one order; asked for only where
        two have to be compared. weight: how many cases each stands for.
    """
    served = reign.champion if reign.champion in losses else None
    is_worse = served is not None and served != baseline and losses[served] >= losses[baseline]
    worse_builds = reign.worse_builds + 1 if is_worse else 0
    gain: tuple[float, float, float] | None = None
    if reign.pinned in losses:
        champion, reason = str(reign.pinned), "rolled_back"
    elif reign.champion is None:
        champion, reason = best, "first_decision"
    elif served is None:
        champion, reason = best, "not_measured"
    elif worse_builds >= WORSE_BUILDS:
        champion, reason = baseline, "worse_than_baseline_twice"
    elif served == best:
        champion, reason = best, "still_best"
    else:
        gain = mean_gain(case_losses(served) - case_losses(best), weight)
        is_won = gain[1] > 0
        champion = best if is_won else served
        reason = "challenger_won" if is_won else "challenger_not_surely_better"
    return Decision(
        champion=champion,
        challenger=best,
        baseline=baseline,
        reason=reason,
        champion_before=reign.champion,
        pinned=reign.pinned,
        # what begins to serve begins anew
        worse_builds=worse_builds if champion == reign.champion else 0,
        worse_builds_before=reign.worse_builds,
        **({} if gain is None else dict(zip(GAINS, gain, strict=True))),
    )


GAINS = ("gain", "gain_lower", "gain_upper")


def mean_gain(differences: Array, weight: Array | None = None) -> tuple[float, float, float]:
    """Mean of paired differences with its interval (normal, LEVEL two-sided)."""
    weight = np.ones(len(differences)) if weight is None else weight
    mean = float(np.average(differences, weights=weight))
    variance = float(np.average((differences - mean) ** 2, weights=weight))
    half = float(ndtri((1 + LEVEL) / 2)) * np.sqrt(variance / weight.sum())
    return mean, mean - half, mean + half
