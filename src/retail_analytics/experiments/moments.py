"""From sums of shares in SQL to the moments of each arm: means, variances, covariances."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from retail_analytics.experiments.comparisons import sample_variance

KEY = ["experiment_id", "metric", "variant"]
SUMS = [
    *("row_count", "value_count", "before_count", "value_sum", "value_squares", "before_sum"),
    *("before_squares", "value_before_products", "value_sum_with_before", "denominator_sum"),
    *("denominator_squares", "value_denominator_products"),
]


def arm_moments(
    sums: pd.DataFrame,
    *,
    counts: pd.DataFrame,
    metrics: pd.DataFrame,
    scales: pd.DataFrame,
    segments: Sequence[str] = (),
) -> pd.DataFrame:
    """Moments of every metric in every arm of every experiment, for all units or by segment.

    Parameters
    ----------
    sums : int_experiment_sums: sums of shares, over the units that have a row.
    counts : int_experiment_unit_counts: units of each arm.
    metrics : int_experiment_metrics.
    scales : int_experiment_scales: a share is (value - origin) / scale.
    segments : columns of `sums` and `counts` to keep apart.

    Returns
    -------
    One row per experiment, metric, variant (and segment): `units` that count, `mean`, `variance`,
    `before_mean`, `before_variance`, `covariance` of the value and the covariate,
    `denominator_mean`, `denominator_variance`, `denominator_covariance`, `has_covariate`, with the
    columns of `metrics`. NaN where there is nothing to say.
    """
    keep = list(segments)
    arms = counts.groupby(["experiment_id", "variant", *keep], as_index=False)["unit_count"].sum()
    frame = metrics[metrics["kind"] != "quantile"].merge(arms, on="experiment_id")
    # in one order: the last digit of a sum depends on it
    ordered = sums.sort_values([*KEY, "region", "buyer_type"]).astype(dict.fromkeys(SUMS, float))
    totals = ordered.groupby([*KEY, *keep], as_index=False)
    frame = frame.merge(totals[SUMS].sum(), on=[*KEY, *keep], how="left")
    frame = frame.merge(scales, on=["experiment_id", "metric"], how="left", indicator=True)
    frame[SUMS] = frame[SUMS].fillna(0.0)
    frame["is_measured"] = frame["_merge"] == "both"
    # a ratio may have denominators where it has no values
    scale_names = ["scale", "scale_before", "scale_denominator"]
    frame[scale_names] = frame[scale_names].fillna(1.0)
    frame[["origin", "origin_before"]] = frame[["origin", "origin_before"]].fillna(0.0)
    return with_covariates(with_values(frame)).drop(columns=["_merge", *SUMS])


def with_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Adds units, mean and variance, and for ratios those of the denominator."""
    counts_zero = (frame["missing_is"] == "zero").to_numpy()
    unknown = frame["row_count"] - frame["value_count"]
    units = np.where(counts_zero, frame["unit_count"] - unknown, frame["value_count"])
    absent = units - frame["value_count"]
    zero = (-frame["origin"] / frame["scale"]).to_numpy()
    total = frame["value_sum"] + absent * zero
    squares = frame["value_squares"] + absent * zero**2
    variance = sample_variance(squares.to_numpy(), total.to_numpy(), units)
    is_share = (frame["kind"] == "mean") & frame["is_share"].eq(True)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(units > 0, total / units, np.nan)
        # of shares 0 or 1 the variance is p (1 - p), as in the test of two proportions
        plain = variance * frame["scale"] ** 2
        variance = plain * np.where(is_share, (units - 1) / units, 1.0)
        denominator = np.where(units > 0, frame["denominator_sum"] / units, np.nan)
        covariance = (frame["value_denominator_products"] - total * denominator) / (units - 1)
    spread = sample_variance(
        frame["denominator_squares"].to_numpy(), frame["denominator_sum"].to_numpy(), units
    )
    return frame.assign(
        units=units,
        mean=frame["origin"] + frame["scale"] * mean,
        variance=variance,
        plain_variance=plain,
        absent=absent,
        zero=zero,
        total=total,
        denominator_mean=denominator * frame["scale_denominator"],
        denominator_variance=spread * frame["scale_denominator"] ** 2,
        denominator_covariance=np.where(units > 1, covariance, np.nan)
        * frame["scale"]
        * frame["scale_denominator"],
    )


def with_covariates(frame: pd.DataFrame) -> pd.DataFrame:
    """Adds the moments of what was known before.

    A unit without a row of orders had none before, too. A unit of which an outcome was not known
    before counts with the mean of those of which it was: that is the same in every arm.
    """
    # of orders everything is known: a unit without a row has zero before
    known = np.where(frame["source"] == "orders", frame["absent"], 0.0)
    zero_before = (-frame["origin_before"] / frame["scale_before"]).to_numpy()
    before_count = frame["before_count"] + known
    total = frame["before_sum"] + known * zero_before
    squares = frame["before_squares"] + known * zero_before**2
    products = frame["value_before_products"] + known * frame["zero"] * zero_before
    with_before = frame["value_sum_with_before"] + known * frame["zero"]

    of_metric = [frame["experiment_id"], frame["metric"]]
    all_known = before_count.groupby(of_metric).transform("sum")
    imputed = total.groupby(of_metric).transform("sum") / all_known.where(all_known > 0)
    missing = frame["units"] - before_count
    total = total + missing * imputed
    squares = squares + missing * imputed**2
    products = products + imputed * (frame["total"] - with_before)
    units = frame["units"].to_numpy()
    variance = sample_variance(squares.to_numpy(), total.to_numpy(), units)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(units > 0, total / units, np.nan)
        covariance = (products - frame["total"] * mean) / (units - 1)
    has_covariate = (
        (frame["kind"] == "mean")
        & (all_known > 0)
        & (pd.Series(variance, frame.index).groupby(of_metric).transform("max") > 0)
    )
    return frame.assign(
        has_covariate=has_covariate,
        before_mean=frame["origin_before"] + frame["scale_before"] * mean,
        before_variance=variance * frame["scale_before"] ** 2,
        covariance=np.where(units > 1, covariance, np.nan) * frame["scale"] * frame["scale_before"],
    ).drop(columns=["absent", "zero", "total"])
