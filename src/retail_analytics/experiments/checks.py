"""Whether an experiment may be believed: was it split as planned, and measured after it began?"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import chdtrc


def sample_ratio(counts: np.ndarray, planned: np.ndarray) -> tuple[float, float]:
    """Chi-square of the units of each variant against the planned shares, and its p-value.

    Parameters
    ----------
    counts : units by variant.
    planned : planned shares, any total; a variant with share 0 that has units is a mismatch for
        sure.

    Returns
    -------
    NaN, NaN with fewer than two planned variants or without units.
    """
    counts, planned = np.asarray(counts, float), np.asarray(planned, float)
    is_planned = planned > 0
    if is_planned.sum() < 2 or counts.sum() == 0:
        return np.nan, np.nan
    if counts[~is_planned].sum() > 0:
        return np.inf, 0.0
    expected = counts.sum() * planned[is_planned] / planned[is_planned].sum()
    statistic = float(np.sum((counts[is_planned] - expected) ** 2 / expected))
    return statistic, float(chdtrc(is_planned.sum() - 1, statistic))


def same_shares(hits: np.ndarray, trials: np.ndarray) -> tuple[float, float]:
    """Chi-square that a share is the same in every variant, and its p-value.

    NaN, NaN where there are fewer than two variants with units, or all or none are hits.
    """
    hits, trials = np.asarray(hits, float), np.asarray(trials, float)
    hits, trials = hits[trials > 0], trials[trials > 0]
    if len(trials) < 2 or hits.sum() in (0, trials.sum()):
        return np.nan, np.nan
    share = hits.sum() / trials.sum()
    statistic = float(np.sum((hits - trials * share) ** 2 / (trials * share * (1 - share))))
    return statistic, float(chdtrc(len(trials) - 1, statistic))


# shares of the smaller variant that people plan; a split that nobody wrote down is taken for the
# nearest of them (162 and 1,385 for a tenth held out, 936 and 798 for halves)
USUAL_SHARES = np.array([0.01, 0.05, 0.1, 0.2, 0.25, 1 / 3, 0.5])

CHECK_COLUMNS = [
    *("experiment_id", "check_name", "check_order", "status", "detail", "value", "limit_value"),
    *("statistic", "p_value", "as_of_date"),
]


def experiment_checks(counts: pd.DataFrame, *, settings: Mapping[str, float]) -> pd.DataFrame:
    """Every check of every experiment.

    Parameters
    ----------
    counts : int_experiment_check_counts: one row per experiment and variant.
    settings : the limits, by name.

    Returns
    -------
    One row per experiment and check: CHECK_COLUMNS. Status `passed`, `warning` (something is odd,
    nothing is invalid), `failed` (the experiment cannot be believed), `not_yet` (too early to
    decide) or `not_applicable` (there is nothing to check).
    """
    rows = []
    for experiment, arms in counts.groupby("experiment_id", sort=True):
        arms = arms.sort_values("variant")
        for order, (name, check) in enumerate(CHECKS.items(), start=1):
            rows.append(
                dict.fromkeys(CHECK_COLUMNS)
                | {
                    "experiment_id": experiment,
                    "check_name": name,
                    "check_order": order,
                    "as_of_date": arms["as_of_date"].iloc[0],
                }
                | check(arms, settings)
            )
    return pd.DataFrame(rows, columns=CHECK_COLUMNS)


def every_variant_has_units(arms: pd.DataFrame, settings: Mapping[str, float]) -> dict:
    """A planned variant that nobody is in leaves nothing to compare."""
    planned = arms[arms["planned_share"] > 0]
    empty = planned.loc[planned["unit_count"] == 0, "variant"].tolist()
    row = {"value": float(len(empty)), "limit_value": 0.0}
    if arms["unit_count"].sum() == 0:
        return row | {"status": "not_yet", "detail": "no unit counts yet"}
    if empty:
        return row | {"status": "failed", "detail": f"no unit counts in {', '.join(empty)}"}
    if len(planned) < 2:
        return row | {"status": "failed", "detail": "there is one variant only"}
    return row | {"status": "passed", "detail": f"{len(planned)} variants have units"}


def seldom(p_value: float) -> str:
    """How seldom chance brings something, for people: once in a million at the least.

    Example
    -------
    >>> seldom(0.00092)
    'brings that in 1 of 1,100 tests'
    """
    if p_value < 1e-6:
        return "brings that in less than 1 of 1,000,000 tests"
    tests = float(f"{1 / p_value:.2g}")
    return f"brings that in 1 of {tests:,.0f} tests"


def sample_ratio_holds(arms: pd.DataFrame, settings: Mapping[str, float]) -> dict:
    """The units are split as planned, as far as chance allows."""
    planned, said = planned_shares(arms)
    statistic, p_value = sample_ratio(arms["unit_count"], planned)
    limit, warning = settings["sample_ratio_limit"], settings["sample_ratio_warning"]
    row = {"limit_value": limit, "statistic": statistic, "p_value": p_value, "value": p_value}
    if not np.isfinite(p_value):
        return row | {"status": "not_applicable", "detail": "there is no split to check"}
    total, shares = arms["unit_count"].sum(), planned / planned.sum()
    split = ", ".join(
        f"{variant} {count:,} (planned {total * share:,.0f})"
        for variant, count, share in zip(
            arms["variant"].head(5), arms["unit_count"], shares, strict=False
        )
    ) + (", ..." if len(arms) > 5 else "")
    found = f"{split}: p {p_value:.2g}{said}"
    if p_value < limit:
        detail = f"units are not split as planned: {split}{said}; chance alone {seldom(p_value)}"
        return row | {"status": "failed", "detail": detail}
    if p_value < warning:
        said = f"{found} passes the limit {limit:g} and fails the stricter {warning:g}"
        return row | {"status": "passed", "detail": said}
    return row | {"status": "passed", "detail": found}


def planned_shares(arms: pd.DataFrame) -> tuple[np.ndarray, str]:
    """The planned shares of the variants, and what must be said of them.

    Of two variants without a plan, the usual split that is nearest: nobody holds out a tenth by
    mistake.
    """
    planned = arms["planned_share"].to_numpy(float)
    units = arms["unit_count"].to_numpy(float)
    if arms["is_planned"].any() or len(arms) != 2 or units.sum() == 0:
        return planned, ""
    nearest = USUAL_SHARES[np.argmin(np.abs(USUAL_SHARES - units.min() / units.sum()))]
    if nearest == USUAL_SHARES[-1]:
        return planned, ""
    shares = np.where(units == units.min(), nearest, 1 - nearest)
    percent = 100 * nearest
    guess = f" (nobody wrote the split down; taken for {percent:.0f} % and {100 - percent:.0f} %)"
    return shares, guess


def units_are_in_one_variant(arms: pd.DataFrame, settings: Mapping[str, float]) -> dict:
    """A unit that saw several variants is left out; too many such, and the split is broken."""
    return share_check(
        arms["several_variants_count"].sum(),
        arms["assigned_count"].sum(),
        limit=settings["several_variants_limit"],
        said="units were in several variants and are left out",
    )


def units_are_assigned_in_time(arms: pd.DataFrame, settings: Mapping[str, float]) -> dict:
    """Units assigned outside the planned days are left out; that alone invalidates nothing."""
    return share_check(
        arms["outside_count"].sum(),
        arms["assigned_count"].sum(),
        limit=np.inf,
        said="units were assigned outside the planned days and are left out",
    ) | {"limit_value": None}


def units_are_where_their_hash_puts_them(arms: pd.DataFrame, settings: Mapping[str, float]) -> dict:
    """Where the rules name a salt, whoever assigns must have used it."""
    return share_check(
        arms["other_hash_count"].sum(),
        arms["hashed_count"].sum(),
        limit=settings["several_variants_limit"],
        said="units are not in the variant that the hash of the rules gives them",
    )


def outcomes_follow_assignment(arms: pd.DataFrame, settings: Mapping[str, float]) -> dict:
    """What was measured before the assignment cannot be an effect of it."""
    return share_check(
        arms["early_count"].sum(),
        arms["measured_count"].sum(),
        limit=settings["early_outcome_limit"],
        said="measured units were measured only before their assignment",
    )


def units_are_exposed_in_time(arms: pd.DataFrame, settings: Mapping[str, float]) -> dict:
    """An exposure long after (or before) the assignment is that of something else."""
    return share_check(
        arms["late_exposed_count"].sum(),
        arms["exposed_count"].sum(),
        limit=settings["late_exposure_limit"],
        said=f"exposed units were exposed before or over {settings['exposure_days']:g} days after",
    )


def variants_are_exposed_alike(arms: pd.DataFrame, settings: Mapping[str, float]) -> dict:
    """The same share of every variant is exposed: else those exposed are not comparable."""
    return same_share_check(arms, "exposed_count", settings, said="exposed", fails=True)


def variants_are_measured_alike(arms: pd.DataFrame, settings: Mapping[str, float]) -> dict:
    """The same share of every variant is measured. Where only what happened is written down, the
    difference may be the effect itself: this warns and invalidates nothing."""
    return same_share_check(arms, "measured_count", settings, said="measured", fails=False)


def days_are_enough(arms: pd.DataFrame, settings: Mapping[str, float]) -> dict:
    """A whole week and more: weekdays differ."""
    first = arms["first_assigned_on"].dropna()
    limit = settings["minimum_days"]
    if first.empty:
        return {"status": "not_yet", "limit_value": limit, "detail": "no unit counts yet"}
    last = pd.Timestamp(arms["as_of_date"].iloc[0])
    if pd.notna(arms["ends_on"].iloc[0]):
        last = min(last, pd.Timestamp(arms["ends_on"].iloc[0]))
    days = max((last - pd.Timestamp(first.min())).days + 1, 0)
    row = {"value": float(days), "limit_value": limit, "detail": f"{days} days"}
    if days < limit:
        said = f"{days} of at least {limit:g} days have passed"
        return row | {"status": "not_yet", "detail": said}
    return row | {"status": "passed"}


def share_check(hits: float, trials: float, *, limit: float, said: str) -> dict:
    """Passed without hits, a warning up to the limit, failed above it."""
    if trials == 0:
        return {"status": "not_applicable", "limit_value": limit, "detail": "nothing to check"}
    share = hits / trials
    status = "passed" if hits == 0 else "warning" if share <= limit else "failed"
    detail = f"{hits:,} of {trials:,} {said}" if hits else "none"
    return {"status": status, "value": share, "limit_value": limit, "detail": detail}


def same_share_check(
    arms: pd.DataFrame, hits: str, settings: Mapping[str, float], *, said: str, fails: bool
) -> dict:
    """Whether the shares of the variants differ by more than chance."""
    statistic, p_value = same_shares(arms[hits], arms["unit_count"])
    limit = settings["sample_ratio_limit"]
    row = {"limit_value": limit, "statistic": statistic, "p_value": p_value, "value": p_value}
    if not np.isfinite(p_value):
        return row | {"status": "not_applicable", "detail": "no difference to check"}
    shares = ", ".join(
        f"{variant} {100 * count / max(units, 1):.1f} %"
        for variant, count, units in zip(
            arms["variant"].head(5), arms[hits], arms["unit_count"], strict=False
        )
    )
    detail = f"{said}: {shares}, p {p_value:.2g}"
    if p_value >= limit:
        return row | {"status": "passed", "detail": detail}
    return row | {"status": "failed" if fails else "warning", "detail": detail}


# in the order in which the first failed one is named
CHECKS = {
    "every_variant": every_variant_has_units,
    "sample_ratio": sample_ratio_holds,
    "unit_in_both_arms": units_are_in_one_variant,
    "assignment_hash": units_are_where_their_hash_puts_them,
    "outcome_before_assignment": outcomes_follow_assignment,
    "exposure_delay": units_are_exposed_in_time,
    "exposure_ratio": variants_are_exposed_alike,
    "measured_ratio": variants_are_measured_alike,
    "assigned_outside": units_are_assigned_in_time,
    "days_run": days_are_enough,
}
