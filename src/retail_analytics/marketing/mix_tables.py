"""The media mix as tables: draws, weekly contributions, and what it did on weeks held out."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from retail_analytics.marketing.mix import (
    Array,
    MixSettings,
    adstock,
    fit_mix,
    noise_share,
    predicted,
    saturated,
)

OK, INSUFFICIENT_DATA = "ok", "insufficient_data"
# draws that are kept of a fit: quantiles of 80 % move by less than a twentieth of their distance
KEPT = 240
DRAW_COLUMNS = [
    *("channel", "draw", "status", "reason", "is_paid", "week_count", "noise_share"),
    *("mean_media", "lowest_stock", "highest_stock", "carry_over", "half_saturation"),
    *("half_media", "coefficient", "share_of_sales", "contribution"),
]
CONTRIBUTION_COLUMNS = ["week", "channel", "contribution", "contribution_lower"]
CONTRIBUTION_COLUMNS += ["contribution_upper"]
BACKTEST_COLUMNS = [
    *("origin", "first_week", "last_week", "week_count", "sales", "error_rate"),
    *("no_media_error_rate", "skill", "coverage"),
]
ORIGINS, ORIGIN_WEEKS = 4, 8


@dataclass(frozen=True)
class MixRules:
    """From when on a mix is fitted: weeks, noise of weekly sales, and variation of media."""

    fewest_weeks: int
    most_noise: float
    least_variation: float


@dataclass(frozen=True)
class MixData:
    """Weeks as arrays: sales and months by week, media week x channel, covariates."""

    weeks: np.ndarray
    sales: Array
    months: np.ndarray
    channels: list[str]
    is_paid: np.ndarray
    media: Array
    covariates: Array | None


def mix_data(sales: pd.DataFrame, media: pd.DataFrame) -> MixData:
    """Weeks in which both sales and media are known, by week; channels by name.

    sales: week, month_of_year, revenue and any `covariate_...`; media: week, channel, is_paid,
    media. ValueError for a column that is missing.
    """
    for frame, columns in (
        (sales, ("week", "month_of_year", "revenue")),
        (media, ("week", "channel", "is_paid", "media")),
    ):
        for column in columns:
            if column not in frame.columns:
                raise ValueError(f"{column}: column is missing")
    wide = media.pivot_table(
        index="week", columns="channel", values="media", aggfunc="sum", fill_value=0.0
    ).sort_index(axis=0)
    wide = wide.sort_index(axis=1)
    rows = sales.sort_values("week").set_index("week")
    rows = rows[rows.index.isin(wide.index)]
    wide = wide.loc[rows.index]
    extra = [column for column in rows.columns if column.startswith("covariate_")]
    paid = media.groupby("channel")["is_paid"].any()
    return MixData(
        weeks=rows.index.to_numpy(),
        sales=rows["revenue"].to_numpy(dtype=float),
        months=rows["month_of_year"].to_numpy(dtype=np.int64),
        channels=[str(name) for name in wide.columns],
        is_paid=paid.reindex(wide.columns).to_numpy(dtype=bool),
        media=wide.to_numpy(dtype=float),
        covariates=rows[extra].to_numpy(dtype=float) if extra else None,
    )


def judged(data: MixData, rules: MixRules) -> tuple[list[str | None], float]:
    """Why each channel cannot be fitted (None: it can), and the noise of weekly sales."""
    noise, why = np.nan, None
    if len(data.sales) < max(rules.fewest_weeks, 10):
        why = f"{len(data.sales)} weeks of sales and spend, {rules.fewest_weeks} needed"
    elif data.sales.sum() <= 0:
        why = "no sales in these weeks"
    else:
        noise = noise_share(data.sales, months=data.months, covariates=data.covariates)
        if noise > rules.most_noise:
            why = (
                f"weekly sales vary by {100 * noise:.0f} % for no known reason, "
                f"and above {100 * rules.most_noise:.0f} % that hides what spend brings"
            )
    reasons: list[str | None] = []
    for column in range(len(data.channels)):
        amounts = data.media[:, column]
        mean = amounts.mean() if len(amounts) else 0.0
        if why is None and mean <= 0:
            reasons.append("nothing was spent in these weeks")
        elif why is None and amounts.std() < rules.least_variation * mean:
            reasons.append("spend hardly varies from week to week")
        else:
            reasons.append(why)
    return reasons, noise


def mix_draws(
    sales: pd.DataFrame, media: pd.DataFrame, *, rules: MixRules, settings: MixSettings
) -> pd.DataFrame:
    """Posterior draws of the mix: one row per channel and draw, and one with draw 0 that says how
    the fit stands.

    Parameters
    ----------
    sales, media : DataFrames, as for `mix_data`.
    rules : MixRules
    settings : MixSettings

    Returns
    -------
    DataFrame : of each draw carry_over, half_saturation (in multiples of mean media), half_media
        (per week, in the unit of media), coefficient (sales per week at full saturation),
        share_of_sales and contribution (sales over all weeks); of draw 0 status, reason, and the
        lowest and highest stock that was observed, in the unit of media.
    """
    data = mix_data(sales, media)
    reasons, noise = judged(data, rules)
    heads = pd.DataFrame(
        {
            "channel": data.channels,
            "draw": 0,
            "status": [INSUFFICIENT_DATA if reason else OK for reason in reasons],
            "reason": reasons,
            "is_paid": data.is_paid,
            "week_count": len(data.sales),
            "noise_share": noise,
            "mean_media": data.media.mean(axis=0) if len(data.sales) else np.nan,
        }
    )
    fitted = [column for column, reason in enumerate(reasons) if reason is None]
    if not fitted:
        return heads.reindex(columns=DRAW_COLUMNS)
    posterior = fit_mix(
        data.sales,
        data.media[:, fitted],
        months=data.months,
        covariates=data.covariates,
        settings=settings,
    )
    kept = np.linspace(0, len(posterior.share) - 1, min(KEPT, len(posterior.share))).astype(int)
    pairs = posterior.grid[posterior.pair[kept]]
    coefficients, totals = posterior.coefficients()[kept], posterior.totals()[kept]
    parts = [heads]
    for position, column in enumerate(fitted):
        mean = data.media[:, column].mean()
        carry = pairs[:, position, 0].mean()
        stock = mean * adstock(data.media[:, column] / mean, carry)
        heads.loc[column, ["lowest_stock", "highest_stock"]] = [stock.min(), stock.max()]
        parts.append(
            pd.DataFrame(
                {
                    "channel": data.channels[column],
                    "draw": np.arange(1, len(kept) + 1),
                    "status": OK,
                    "is_paid": bool(data.is_paid[column]),
                    "week_count": len(data.sales),
                    "noise_share": posterior.noise[kept],
                    "mean_media": mean,
                    "carry_over": pairs[:, position, 0],
                    "half_saturation": pairs[:, position, 1],
                    "half_media": mean * pairs[:, position, 1],
                    "coefficient": coefficients[:, position],
                    "share_of_sales": posterior.share[kept, position],
                    "contribution": totals[:, position],
                }
            )
        )
    return pd.concat(parts, ignore_index=True).reindex(columns=DRAW_COLUMNS)


def mix_contributions(
    sales: pd.DataFrame, media: pd.DataFrame, draws: pd.DataFrame, *, level: float = 0.80
) -> pd.DataFrame:
    """What each channel added each week, with interval: one row per week and fitted channel.

    sales, media: as for `mix_draws`; draws: what it returned.
    """
    data = mix_data(sales, media)
    found = draws[draws["draw"] > 0]
    tails = [(1 - level) / 2, (1 + level) / 2]
    parts = []
    for channel, rows in found.groupby("channel", sort=True):
        amounts = data.media[:, data.channels.index(str(channel))]
        relative = amounts / amounts.mean()
        pairs, number = np.unique(
            rows[["carry_over", "half_saturation"]].to_numpy(), axis=0, return_inverse=True
        )
        shapes = np.stack([saturated(adstock(relative, carry), half) for carry, half in pairs])
        weekly = rows["coefficient"].to_numpy()[:, None] * shapes[number.ravel()]
        mean, (low, high) = weekly.mean(axis=0), np.quantile(weekly, tails, axis=0)
        parts.append(
            pd.DataFrame(
                {
                    "week": data.weeks,
                    "channel": channel,
                    "contribution": mean,
                    "contribution_lower": np.minimum(low, mean),
                    "contribution_upper": np.maximum(high, mean),
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=CONTRIBUTION_COLUMNS)
    return pd.concat(parts, ignore_index=True)


def mix_backtest(
    sales: pd.DataFrame, media: pd.DataFrame, *, rules: MixRules, settings: MixSettings
) -> pd.DataFrame:
    """How well weeks held out were predicted with media and without: one row per origin.

    sales, media, rules, settings: as for `mix_draws`. Each origin knows the weeks before it and
    what was spent after it. error_rate and no_media_error_rate are mean absolute errors over mean
    sales; skill is the part of the latter that media take off; coverage is the share of weeks in
    the 80 % interval.
    """
    data = mix_data(sales, media)
    reasons, _ = judged(data, rules)
    fitted = [column for column, reason in enumerate(reasons) if reason is None]
    rows = []
    for number in range(ORIGINS, 0, -1):
        known = len(data.sales) - number * ORIGIN_WEEKS
        usable = [c for c in fitted if known >= 52 and data.media[:known, c].mean() > 0]
        if not usable:
            continue
        end = known + ORIGIN_WEEKS
        with_media, without, half = predicted(
            data.sales[:end],
            data.media[:end, usable],
            months=data.months[:end],
            known=known,
            covariates=None if data.covariates is None else data.covariates[:end],
            settings=settings,
        )
        actual = data.sales[known:end]
        error, plain = np.abs(with_media - actual).mean(), np.abs(without - actual).mean()
        rows.append(
            {
                "origin": ORIGINS - number + 1,
                "first_week": data.weeks[known],
                "last_week": data.weeks[end - 1],
                "week_count": ORIGIN_WEEKS,
                "sales": actual.sum(),
                "error_rate": error / data.sales.mean(),
                "no_media_error_rate": plain / data.sales.mean(),
                "skill": 1 - error / plain if plain > 0 else np.nan,
                "coverage": float(np.mean(np.abs(with_media - actual) <= half)),
            }
        )
    return pd.DataFrame(rows, columns=BACKTEST_COLUMNS)
