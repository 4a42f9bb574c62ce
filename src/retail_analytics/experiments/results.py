"""The table of results: every metric, every variant against the control, by every method."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from retail_analytics.experiments.comparisons import (
    Arms,
    Comparison,
    Covariate,
    adjusted,
    chance_to_win,
    confidence_sequence,
    difference,
    fixed_horizon,
    holm,
    pooled_slope,
    ratio_arms,
    relative_difference,
    sample_variance,
    welch_degrees,
    with_shared_spread,
)
from retail_analytics.experiments.power import smallest_effect
from retail_analytics.experiments.quantiles import compare_quantiles, resample_levels

METHODS = ("welch", "cuped", "sequential", "cuped_sequential", "bootstrap")
DESCRIBED = [
    *("experiment_id", "metric", "variant", "control_variant", "metric_kind", "is_primary"),
    *("is_guardrail", "higher_is_better", "unit_count", "control_unit_count"),
]
LABELS = ["metric_label", "metric_unit"]
FIGURES = [
    *("mean", "control_mean", "difference", "difference_lower", "difference_upper"),
    *("relative_difference", "relative_difference_lower", "relative_difference_upper"),
    *("standard_error", "p_value", "p_value_holm", "variance_kept", "chance_to_win"),
    "smallest_visible_effect",
]
RESULT_COLUMNS = [*DESCRIBED, *LABELS, "method", "status", *FIGURES]


def experiment_results(
    moments: pd.DataFrame,
    *,
    points: pd.DataFrame,
    metrics: pd.DataFrame,
    variants: pd.DataFrame,
    settings: Mapping[str, float],
    seed: int,
) -> pd.DataFrame:
    """Every comparison of experiments.

    Parameters
    ----------
    moments : what `arm_moments` returns, for all units.
    points : int_experiment_quantile_points.
    metrics : int_experiment_metrics.
    variants : int_experiment_variants.
    settings : `alpha`, `power` and `sequential_tuning`.
    seed : of the bootstrap.

    Returns
    -------
    One row per experiment, metric, variant other than the control, and method: RESULT_COLUMNS. The
    status says why a row has no figures: `no_control` (no unit in the control), `no_units` (none
    in the variant), `no_outcomes` (nobody in either has anything), `insufficient_data` (fewer than
    two units in one), `no_variation`, `no_covariate`.
    """
    parts = [
        compared(pairs(moments, variants=variants), settings=settings),
        compared_quantiles(
            points, metrics=metrics, variants=variants, alpha=settings["alpha"], seed=seed
        ),
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=RESULT_COLUMNS)
    results = pd.concat(parts, ignore_index=True)
    names = {"label": "metric_label", "unit": "metric_unit"}
    labels = metrics[["experiment_id", "metric", *names]].rename(columns=names)
    results = results.drop(columns=LABELS, errors="ignore")
    results = results.merge(labels, on=["experiment_id", "metric"])
    results["p_value_holm"] = results.groupby(["experiment_id", "method"])["p_value"].transform(
        lambda p_values: holm(p_values.to_numpy())
    )
    error = smallest_effect(
        results["standard_error"], alpha=settings["alpha"], power=settings["power"]
    )
    base = results["control_mean"].where(results["control_mean"] > 0)
    results["smallest_visible_effect"] = error / base
    return results[RESULT_COLUMNS].sort_values(
        ["experiment_id", "metric", "variant", "method"], ignore_index=True
    )


def pairs(
    moments: pd.DataFrame, *, variants: pd.DataFrame, segments: Sequence[str] = ()
) -> pd.DataFrame:
    """Each variant beside its control: the control's columns end in `_control`.

    A variant or control without units is there with no unit.
    """
    keep = list(segments)
    key = ["experiment_id", "metric", *keep]
    controls = variants.loc[variants["is_control"], ["experiment_id", "variant"]]
    controls = controls.rename(columns={"variant": "control_variant"})
    others = variants.loc[~variants["is_control"], ["experiment_id", "variant"]]
    grid = moments[key].drop_duplicates().merge(others, on="experiment_id")
    grid = grid.merge(controls, on="experiment_id")
    described = moments.drop_duplicates(["experiment_id", "metric"])
    described = described[
        ["experiment_id", "metric", "kind", "is_primary", "is_guardrail", "higher_is_better"]
    ]
    figures = [
        *("units", "mean", "variance", "plain_variance", "before_mean", "before_variance"),
        *("covariance", "denominator_mean", "denominator_variance", "denominator_covariance"),
        *("has_covariate", "is_measured"),
    ]
    arms = moments[[*key, "variant", *figures]]
    control_arms = arms.rename(columns={"variant": "control_variant"})
    frame = grid.merge(described, on=["experiment_id", "metric"])
    frame = frame.merge(arms, on=[*key, "variant"], how="left")
    frame = frame.merge(
        control_arms, on=[*key, "control_variant"], how="left", suffixes=("", "_control")
    )
    for name in ("units", "units_control"):
        frame[name] = frame[name].fillna(0.0)
    return frame


def compared(frame: pd.DataFrame, *, settings: Mapping[str, float]) -> pd.DataFrame:
    """The comparisons of pairs by every method that their kind allows."""
    if frame.empty:
        return pd.DataFrame(columns=RESULT_COLUMNS)
    alpha, tuning = settings["alpha"], settings["sequential_tuning"]
    plain = with_shared_spread(*(arms_of(frame, suffix) for suffix in ("_control", "")))
    # CUPED works with sample variances throughout
    sampled = with_shared_spread(
        *(
            Arms(arm.units, arm.mean, column(frame, "plain_variance" + suffix))
            for arm, suffix in zip(plain, ("_control", ""), strict=True)
        )
    )
    before = [
        Covariate(
            *(column(frame, name + s) for name in ("before_mean", "before_variance", "covariance"))
        )
        for s in ("_control", "")
    ]
    slope = pooled_slope(*sampled, *before)
    cuped = [adjusted(*each, slope) for each in zip(sampled, before, strict=True)]
    # means keep their level: what both arms had before, together, is added again
    units = plain[0].units + plain[1].units
    with np.errstate(divide="ignore", invalid="ignore"):
        level = slope * sum(b.mean * a.units for a, b in zip(plain, before, strict=True)) / units
    cuped = with_shared_spread(*(Arms(arm.units, arm.mean + level, arm.variance) for arm in cuped))
    status = statuses(frame, plain)
    no_covariate = np.where(
        (status == "ok") & ~frame["has_covariate"].eq(True), "no_covariate", status
    )
    no_covariate = np.where(
        (no_covariate == "ok") & ~(np.nan_to_num(difference(*cuped)[1]) > 0),
        "no_variation",
        no_covariate,
    )
    is_mean = (frame["kind"] == "mean").to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = (difference(*cuped)[1] / difference(*sampled)[1]) ** 2
    rows = []
    for method, arms, state in (
        ("welch", plain, status),
        ("sequential", plain, status),
        ("cuped", cuped, no_covariate),
        ("cuped_sequential", cuped, no_covariate),
    ):
        estimate, error = difference(*arms)
        base = [Arms(a.units, p.mean, a.variance) for a, p in zip(arms, plain, strict=True)]
        scales = [(estimate, error), relative_difference(*base, estimate=estimate)]
        if method.endswith("sequential"):
            found = [
                confidence_sequence(*s, units=units, alpha=alpha, tuning=tuning) for s in scales
            ]
        else:
            degrees = welch_degrees(*arms)
            found = [fixed_horizon(*s, degrees=degrees, alpha=alpha) for s in scales]
        part = rows_of(frame, arms, found, method=method, status=state)
        if method.startswith("cuped"):
            part["variance_kept"] = np.where(part["status"] == "ok", kept, np.nan)
            part = part[is_mean]
        rows.append(part)
    return pd.concat(rows, ignore_index=True)


def column(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].to_numpy(float)


def arms_of(frame: pd.DataFrame, suffix: str) -> Arms:
    """The plain arms: means, or ratios by the delta method."""
    units, mean = column(frame, "units" + suffix), column(frame, "mean" + suffix)
    ratios = ratio_arms(
        units=units,
        mean=mean,
        variance=column(frame, "plain_variance" + suffix),
        denominator_mean=column(frame, "denominator_mean" + suffix),
        denominator_variance=column(frame, "denominator_variance" + suffix),
        covariance=column(frame, "denominator_covariance" + suffix),
    )
    is_ratio = (frame["kind"] == "ratio").to_numpy()
    return Arms(
        units,
        np.where(is_ratio, ratios.mean, mean),
        np.where(is_ratio, ratios.variance, column(frame, "variance" + suffix)),
    )


def statuses(frame: pd.DataFrame, arms: Sequence[Arms]) -> np.ndarray:
    """Why a comparison has no figures, or `ok`."""
    control, treated = arms
    _, error = difference(control, treated)
    is_measured = frame["is_measured"].eq(True) | frame["is_measured_control"].eq(True)
    with np.errstate(invalid="ignore"):
        return np.select(
            [
                (control.units == 0) & is_measured.to_numpy(),
                (treated.units == 0) & is_measured.to_numpy(),
                ~is_measured.to_numpy()
                | (np.isnan(control.mean) & np.isnan(treated.mean) & (control.units > 1)),
                (control.units < 2) | (treated.units < 2),
                np.isnan(error),
                ~(error > 0),
            ],
            [
                *("no_control", "no_units", "no_outcomes", "insufficient_data"),
                *("insufficient_data", "no_variation"),
            ],
            "ok",
        )


def rows_of(
    frame: pd.DataFrame,
    arms: Sequence[Arms],
    found: Sequence[Comparison],
    *,
    method: str,
    status: np.ndarray,
) -> pd.DataFrame:
    """Rows of results for one method; without figures where the status is not `ok`."""
    control, treated = arms
    scales = {"difference": found[0], "relative_difference": found[1]}
    estimates = {
        f"{name}{end}": getattr(comparison, attribute)
        for name, comparison in scales.items()
        for end, attribute in (("", "estimate"), ("_lower", "lower"), ("_upper", "upper"))
    }
    chance = chance_to_win(
        found[0].estimate,
        found[0].standard_error,
        higher_is_better=frame["higher_is_better"].to_numpy(bool),
    )
    figures = {
        **estimates,
        "standard_error": found[0].standard_error,
        "p_value": found[0].p_value,
        "variance_kept": np.where(status == "ok", 1.0, np.nan),
        "chance_to_win": chance,
    }
    is_ok = status == "ok"
    rows = frame.rename(columns={"kind": "metric_kind"})[
        [name for name in DESCRIBED if not name.endswith("unit_count") and name != "metric_kind"]
        + ["metric_kind"]
    ].assign(
        method=method,
        status=status,
        unit_count=treated.units.astype(int),
        control_unit_count=control.units.astype(int),
        mean=treated.mean,
        control_mean=control.mean,
        p_value_holm=np.nan,
        **{name: np.where(is_ok, values, np.nan) for name, values in figures.items()},
    )
    # a difference can be known where its spread is not: nobody varied, or one unit is alone
    plain = treated.mean - control.mean
    rows["difference"] = np.where(
        is_ok, rows["difference"], np.nan if method.startswith("cuped") else plain
    )
    return rows


def compared_quantiles(
    points: pd.DataFrame,
    *,
    metrics: pd.DataFrame,
    variants: pd.DataFrame,
    alpha: float,
    seed: int,
) -> pd.DataFrame:
    """The comparisons of quantiles, by bootstrap."""
    rows = []
    arms = dict(iter(points.groupby(["experiment_id", "metric", "variant"])))
    for metric in metrics[metrics["kind"] == "quantile"].itertuples():
        own = variants[variants["experiment_id"] == metric.experiment_id].sort_values("variant")
        control = own.loc[own["is_control"], "variant"].iloc[0]
        for variant in own.loc[~own["is_control"], "variant"]:
            pair = [arms.get((metric.experiment_id, metric.metric, v)) for v in (control, variant)]
            rows.append(
                {
                    "experiment_id": metric.experiment_id,
                    "metric": metric.metric,
                    "variant": variant,
                    "control_variant": control,
                    "metric_kind": "quantile",
                    "is_primary": metric.is_primary,
                    "is_guardrail": metric.is_guardrail,
                    "higher_is_better": metric.higher_is_better,
                    "method": "bootstrap",
                    **quantile_row(*pair, better=metric.higher_is_better, alpha=alpha, seed=seed),
                }
            )
    return pd.DataFrame(rows, columns=RESULT_COLUMNS)


def quantile_row(
    control: pd.DataFrame | None,
    treated: pd.DataFrame | None,
    *,
    better: bool,
    alpha: float,
    seed: int,
) -> dict[str, object]:
    """Figures of one comparison of quantiles."""
    units = [0 if arm is None else int(arm["unit_count"].iloc[0]) for arm in (control, treated)]
    means = [np.nan if arm is None else arm["estimate"].iloc[0] for arm in (control, treated)]
    row = dict.fromkeys(FIGURES, np.nan) | {
        "unit_count": units[1],
        "control_unit_count": units[0],
        "control_mean": means[0],
        "mean": means[1],
        "difference": means[1] - means[0],
    }
    if control is None or treated is None:
        return row | {"status": "no_control" if control is None else "no_units"}
    if min(units) < 2:
        return row | {"status": "insufficient_data"}
    drawn = [resampled(arm) for arm in (control, treated)]
    found = compare_quantiles(
        *drawn, control_estimate=means[0], treated_estimate=means[1], alpha=alpha, seed=seed
    )
    if not np.isfinite(found[0].p_value[0]):
        return row | {"status": "no_variation"}
    for name, comparison in zip(("difference", "relative_difference"), found, strict=True):
        row[name], row[f"{name}_lower"], row[f"{name}_upper"] = (
            values[0] for values in (comparison.estimate, comparison.lower, comparison.upper)
        )
    chance = chance_to_win(
        found[0].estimate, found[0].standard_error, higher_is_better=np.array([better])
    )
    return row | {
        "standard_error": found[0].standard_error[0],
        "p_value": found[0].p_value[0],
        "chance_to_win": chance[0],
        "status": "ok",
    }


def resampled(arm: pd.DataFrame) -> np.ndarray:
    """Values of an arm at the levels of its resamples."""
    values = arm.sort_values("value_rank")
    size, first = int(values["value_count"].iloc[0]), int(values["value_rank"].iloc[0])
    levels = resample_levels(
        float(values["quantile"].iloc[0]), share_variance=float(values["share_variance"].iloc[0])
    )
    rank = np.clip(np.ceil(levels * size).astype(int), 1, size)
    return values["measured"].to_numpy(float)[np.clip(rank - first, 0, len(values) - 1)]


SEGMENT_COLUMNS = [
    *("experiment_id", "metric", "variant", "dimension", "segment", "method", "status"),
    *("control_variant", "is_primary", "is_guardrail", "unit_count", "control_unit_count"),
    *("mean", "control_mean", "difference", "difference_lower", "difference_upper"),
    *("relative_difference", "relative_difference_lower", "relative_difference_upper"),
    *("p_value", "p_value_holm", "same_effect_p_value"),
]


def experiment_segments(
    moments_by_dimension: Mapping[str, pd.DataFrame],
    *,
    variants: pd.DataFrame,
    settings: Mapping[str, float],
) -> pd.DataFrame:
    """Every effect within every segment, corrected for looking at so many.

    Parameters
    ----------
    moments_by_dimension : dimension to what `arm_moments` returns for it.

    Returns
    -------
    One row per experiment, metric, variant, dimension and segment, by CUPED where there is a
    covariate, else by Welch: SEGMENT_COLUMNS. `p_value_holm` corrects over all segments of all
    dimensions; `same_effect_p_value` is the p-value of the effect being the same in all
    segments of the dimension (Cochran's Q).
    """
    parts = []
    for dimension, moments in moments_by_dimension.items():
        frame = pairs(moments, variants=variants, segments=[dimension])
        if frame.empty:
            continue
        # a handful of customers is no segment: t has no tail to speak of there
        is_small = frame[["units", "units_control"]].min(axis=1) < settings["minimum_units"]
        frame.loc[is_small, ["variance", "plain_variance"]] = np.nan
        found = compared(frame, settings=settings)
        segments = frame[dimension].to_numpy()
        of_means = segments[(frame["kind"] == "mean").to_numpy()]
        # in the order in which `compared` stacks its methods
        found["segment"] = np.concatenate([segments, segments, of_means, of_means])
        found["dimension"] = dimension
        parts.append(found[found["method"].isin(["welch", "cuped"])])
    if not parts:
        return pd.DataFrame(columns=SEGMENT_COLUMNS)
    rows = pd.concat(parts, ignore_index=True)
    key = ["experiment_id", "metric", "variant", "dimension", "segment"]
    rows["rank"] = np.where(rows["status"] != "ok", 2, np.where(rows["method"] == "cuped", 0, 1))
    rows = rows.sort_values([*key, "rank", "method"]).drop_duplicates(key)
    # what failed is shown by the plain method
    rows["p_value_holm"] = rows.groupby(["experiment_id", "metric", "variant"])[
        "p_value"
    ].transform(lambda p_values: holm(p_values.to_numpy()))
    rows["same_effect_p_value"] = heterogeneity(rows)
    return rows[SEGMENT_COLUMNS].reset_index(drop=True)


def heterogeneity(rows: pd.DataFrame) -> pd.Series:
    """p-value, by Cochran's Q, of one effect in all segments of each dimension."""
    group = ["experiment_id", "metric", "variant", "dimension"]
    is_ok = rows["status"] == "ok"
    weight = np.where(is_ok, 1 / rows["standard_error"] ** 2, 0.0)
    parts = rows[group].assign(
        weight=weight, weighted=weight * rows["difference"].fillna(0), is_ok=is_ok
    )
    sums = parts.groupby(group)[["weight", "weighted", "is_ok"]].transform("sum")
    with np.errstate(divide="ignore", invalid="ignore"):
        common = sums["weighted"] / sums["weight"]
    parts["distance"] = weight * (rows["difference"].fillna(0) - common) ** 2
    statistic = parts.groupby(group)["distance"].transform("sum")
    degrees = sums["is_ok"] - 1
    return pd.Series(
        np.where(degrees > 0, chdtrc(np.maximum(degrees, 1), statistic), np.nan), rows.index
    )


def daily_results(
    sums: pd.DataFrame,
    *,
    scales: pd.DataFrame,
    variants: pd.DataFrame,
    settings: Mapping[str, float],
) -> pd.DataFrame:
    """The sequential interval of the primary metric as it stood at the end of each day.

    Parameters
    ----------
    sums : int_experiment_daily_sums: what each day added.

    Returns
    -------
    One row per experiment, metric, variant and day on which both arms had two units and the values
    varied.
    """
    columns = [
        *("experiment_id", "metric", "variant", "control_variant", "day", "unit_count"),
        *("control_unit_count", "difference", "difference_lower", "difference_upper"),
        *("relative_difference", "relative_difference_lower", "relative_difference_upper"),
        "p_value",
    ]
    if sums.empty:
        return pd.DataFrame(columns=columns)
    added = ["unit_count", "value_sum", "value_squares"]
    sums = sums.astype(dict.fromkeys(added, float))
    key = ["experiment_id", "metric"]
    days = sums[[*key, "day"]].drop_duplicates()
    grid = days.merge(variants[["experiment_id", "variant", "is_control"]], on="experiment_id")
    grid = grid.merge(sums, on=[*key, "variant", "day"], how="left")
    grid = grid.sort_values([*key, "variant", "day"], ignore_index=True)
    grid[added] = grid[added].fillna(0.0).groupby([grid[k] for k in [*key, "variant"]]).cumsum()
    grid = grid.merge(scales[[*key, "origin", "scale", "is_share"]], on=key)
    units = grid["unit_count"].to_numpy()
    variance = sample_variance(
        grid["value_squares"].to_numpy(), grid["value_sum"].to_numpy(), units
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(grid["is_share"].eq(True), (units - 1) / units, 1.0)
        mean = grid["origin"] + grid["scale"] * grid["value_sum"] / units
    grid = grid.assign(units=units, mean=mean, variance=variance * share * grid["scale"] ** 2)
    arms = grid[[*key, "day", "variant", "units", "mean", "variance"]]
    control = arms[grid["is_control"]].rename(columns={"variant": "control_variant"})
    frame = arms[~grid["is_control"]].merge(control, on=[*key, "day"], suffixes=("", "_control"))
    pair = with_shared_spread(
        *(
            Arms(*(column(frame, name + suffix) for name in ("units", "mean", "variance")))
            for suffix in ("_control", "")
        )
    )
    units = pair[0].units + pair[1].units
    both = [
        confidence_sequence(
            *scale, units=units, alpha=settings["alpha"], tuning=settings["sequential_tuning"]
        )
        for scale in (difference(*pair), relative_difference(*pair))
    ]
    frame = frame.assign(
        unit_count=pair[1].units.astype(int),
        control_unit_count=pair[0].units.astype(int),
        p_value=both[0].p_value,
        **{
            f"{name}{end}": getattr(found, attribute)
            for name, found in zip(("difference", "relative_difference"), both, strict=True)
            for end, attribute in (("", "estimate"), ("_lower", "lower"), ("_upper", "upper"))
        },
    )
    known = frame["p_value"].notna()
    return frame.loc[known, columns].sort_values([*key, "variant", "day"], ignore_index=True)
