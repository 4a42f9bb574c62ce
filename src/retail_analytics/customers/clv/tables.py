"""The tables of lifetime values as the warehouse asks for them, one function a table."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from retail_analytics.customers.clv.backtest import (
    BACKTEST_COLUMNS,
    DRAWS,
    RATE_VARIANCE,
    USUAL_RATE_VARIANCE,
    Held,
    Outcomes,
    best_rate_variance,
    choose_model,
    customer_losses,
    held,
    mean_losses,
    measured,
    naive_scores,
    ranked_models,
)
from retail_analytics.customers.clv.fit import (
    BASELINES,
    MODELS,
    OK,
    SECOND_CHOICE,
    SHORT_HISTORY,
    Fit,
    fit_purchase_model,
    model_fits,
    read_fit,
)
from retail_analytics.customers.clv.gamma_gamma import GAMMA_GAMMA, SHRUNKEN_MEAN, fit_spend_model
from retail_analytics.customers.clv.grouping import BIN_COLUMNS
from retail_analytics.customers.clv.lifetime_value import SCORE_COLUMNS, score_histories
from retail_analytics.customers.clv.predictive import SpendSampler
from retail_analytics.customers.clv.totals import (
    common_sds,
    log_errors,
    pace,
    total_coverage,
    usual_error,
)
from retail_analytics.statistics.champions import NO_REIGN, Reign, decide

SERVING, BACKTEST = "serving", "backtest"
TOTAL, COMMON_SD, PACE = "total", "common_sd", "pace"
# Models are measured on at most so many groups of histories, replays fitted to fewer.
MEASURED_GROUPS, REPLAY_GROUPS = 4_000, 1_500


def fit_models(groups: pd.DataFrame, *, spends: pd.DataFrame) -> pd.DataFrame:
    """Every purchase model, both baselines and the spend model, for every purpose.

    groups: purpose and the columns of `grouping.group_histories`; spends: purpose, purchase_count,
    mean_spend, customer_count. Returns purpose and the columns of `fit.model_fits`.
    """
    tables = []
    for purpose, histories in groups.groupby("purpose", sort=True):
        own = histories.sort_values(["frequency_bin", "gap_bin", "age_bin"], ignore_index=True)
        fits = [fit_purchase_model(own, model=name) for name in (*MODELS, *BASELINES)]
        fits.append(fit_spend_model(spends[spends["purpose"] == purpose]))
        tables.append(model_fits(fits).assign(purpose=purpose))
    if not tables:
        return model_fits([]).assign(purpose=pd.Series(dtype="object"))
    return pd.concat(tables, ignore_index=True)


def backtest_models(
    histories: pd.DataFrame,
    *,
    outcomes: pd.DataFrame | None = None,
    trade_days: pd.DataFrame | None = None,
    seed: int,
    reign: Reign = NO_REIGN,
) -> pd.DataFrame:
    """How well every model did on held-out time; the model that serves; how far off totals are.

    histories: the rows of int_customer_histories of past days; outcomes: int_history_outcomes;
    trade_days: of the same purposes, without it days; reign: what served before. Without `outcomes`
    the histories have holdout_orders and holdout_spend themselves. Returns BACKTEST_COLUMNS (rows
    as row_count), holdout_days, is_serving and decision (that of `statistics.champions` as JSON);
    no rows where nothing can be measured.
    """
    splits = {
        str(purpose): split_of(rows, outcomes=outcomes, trade_days=trade_days, purpose=str(purpose))
        for purpose, rows in histories.groupby("purpose", sort=True)
    }
    main = splits.pop(BACKTEST, None)
    # its draws serve both measurements
    sampler = None
    if main is not None and main.spend_fit.status == OK:
        sampler = SpendSampler(main.spend_fit, draws=DRAWS, seed=seed)
    first = None if main is None else measured(main, seed=seed, sampler=sampler)
    if first is None or first.empty:
        columns = [*BACKTEST_COLUMNS, "holdout_days", "is_serving", "decision"]
        return pd.DataFrame(columns=columns).rename(columns={"rows": "row_count"})
    losses = mean_losses(first)
    decision = decide(
        best=choose_model(first),
        baseline=min((name for name in BASELINES if name in losses), key=lambda name: losses[name]),
        losses=losses,
        case_losses=lambda name: customer_losses(main, model=name, naive=naive_scores(first)),
        reign=reign,
        weight=main.weight,
    )
    serving = decision.champion
    errors = {BACKTEST: log_errors(main, model=serving)}
    for purpose, split in splits.items():
        fitted = held(
            split.customers, outcomes=split.outcomes, models=[serving], max_groups=REPLAY_GROUPS
        )
        errors[purpose] = log_errors(fitted, model=serving)
    is_known = trade_days is not None and is_season_known(trade_days, purpose=BACKTEST)
    # What is measured is put right by what the other replays say.
    others = {purpose: own for purpose, own in errors.items() if purpose != BACKTEST}
    as_served, served_pace = (
        pace(main, model=serving, log_factor=usual_error(known, is_season_known=is_known))
        for known in (others, errors)
    )
    replayed = replace(
        main,
        outcomes=[
            replace(outcome, trade_days=outcome.trade_days * as_served) for outcome in main.outcomes
        ],
    )
    variance = best_rate_variance(replayed, model=serving)
    again = measured(replayed, only=serving, rate_variance=variance, seed=seed, sampler=sampler)
    table = pd.concat([first[first["model"] != serving], again], ignore_index=True)

    days = [outcome.days for outcome in main.outcomes]
    sds = common_sds(
        errors,
        horizons=days,
        is_season_known=is_known,
        is_season_ahead_known=trade_days is None or is_season_known(trade_days, purpose=SERVING),
    )
    more = [
        ("orders", RATE_VARIANCE, variance, days[-1], int(main.weight.sum())),
        (TOTAL, PACE, served_pace, days[-1], int(main.weight.sum())),
    ]
    for ahead in days:
        coverage, count = total_coverage(errors, days=ahead, is_season_known=is_known)
        more.append((TOTAL, COMMON_SD, sds[ahead], ahead, max(count, 1)))
        if count:
            more.append((TOTAL, "coverage_rate", coverage, ahead, count))
    added = pd.DataFrame(more, columns=["target", "metric", "value", "horizon_days", "rows"])
    added = added.assign(model=serving, baseline=next(iter(BASELINES)), baseline_value=np.nan)
    table = pd.concat([table, added], ignore_index=True)
    table = table.assign(
        holdout_days=days[-1], is_serving=table["model"] == serving, decision=decision.to_json()
    )
    return table.rename(columns={"rows": "row_count"})


def split_of(
    histories: pd.DataFrame,
    *,
    outcomes: pd.DataFrame | None,
    trade_days: pd.DataFrame | None,
    purpose: str,
) -> Held:
    """The customers of one purpose with what came after; fitted where it is the backtest."""
    histories = histories.sort_values("customer_id", ignore_index=True)
    holdout_days = int(histories["holdout_days"].max())
    ahead = days_ahead(trade_days, purpose=purpose, as_of=histories["as_of_date"].iloc[0])
    found = []
    if outcomes is None:
        orders, value = (
            histories[name].to_numpy(dtype=float) for name in ("holdout_orders", "holdout_spend")
        )
        found.append(Outcomes(holdout_days, ahead(holdout_days), orders, value))
    else:
        own = outcomes[outcomes["purpose"] == purpose]
        for days in sorted({*own["horizon_days"].astype(int), holdout_days}):
            rows = own[own["horizon_days"] == days].set_index("customer_id")
            rows = rows.reindex(histories["customer_id"])
            orders, value = (
                rows[name].fillna(0.0).to_numpy(dtype=float)
                for name in ("holdout_orders", "holdout_worth")
            )
            found.append(Outcomes(days, ahead(days), orders, value))
    return held(
        histories,
        outcomes=found,
        models=[*MODELS, *BASELINES] if purpose == BACKTEST else [],
        max_groups=MEASURED_GROUPS,
    )


def days_ahead(
    trade_days: pd.DataFrame | None, *, purpose: str, as_of: pd.Timestamp | None
) -> Callable[[float], float]:
    """What turns days after `as_of` into days of trade; the days themselves without a table."""
    if trade_days is None:
        return float
    own = trade_days[trade_days["purpose"] == purpose].sort_values("date_day")
    days = (pd.to_datetime(own["date_day"]) - pd.Timestamp(as_of)).dt.days.to_numpy(dtype=float)
    running = own["trade_days"].to_numpy(dtype=float)
    start = float(np.interp(0.0, days, running))
    return lambda ahead: float(np.interp(ahead, days, running)) - start


def score_groups(
    groups: pd.DataFrame,
    *,
    fits: pd.DataFrame,
    measured: pd.DataFrame,
    horizons_months: Sequence[float],
    annual_discount_rate: float,
    seed: int,
    expected_only_days: Sequence[int] = (),
    trade_days: pd.DataFrame | None = None,
    as_of: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """`lifetime_value.score_histories` with the model that the backtest chose.

    Where that model found no maximum on all data the next of the backtest serves, and the status
    says SECOND_CHOICE. Where none can be fitted, the values are null and the status says so. It is
    SHORT_HISTORY while `trade_days` know no season: the one ahead moves the values of all.
    """
    if fits.empty:
        keys = [*BIN_COLUMNS, "horizon_days", "horizon_months"]
        return pd.DataFrame(columns=[*keys, *SCORE_COLUMNS, "method", "status"])
    served = measured.loc[measured["is_serving"].astype(bool), "model"].unique().tolist()
    ranked = [*served, *(name for name in ranked_models(measured) if name not in served)]
    fit = first_ready(fits, ranked=ranked)
    spend_name = next(name for name in (GAMMA_GAMMA, SHRUNKEN_MEAN) if name in set(fits["model"]))
    variances = measured.loc[measured["metric"] == RATE_VARIANCE, "value"]
    is_common = (measured["target"] == TOTAL) & (measured["metric"] == COMMON_SD)
    paces = measured.loc[measured["metric"] == PACE, "value"]
    # A pace is that of the model it was measured with.
    served_pace = float(paces.iloc[0]) if len(paces) and fit.model == ranked[0] else 1.0
    running = days_ahead(trade_days, purpose=SERVING, as_of=as_of)
    table = score_histories(
        groups,
        fit=fit,
        spend_fit=read_fit(fits, model=spend_name),
        horizons_months=horizons_months,
        annual_discount_rate=annual_discount_rate,
        expected_only_days=expected_only_days,
        trade_days=lambda days: served_pace * running(days),
        rate_variance=float(variances.iloc[0]) if len(variances) else USUAL_RATE_VARIANCE,
        common_sds=common_by_days(measured[is_common], trade_days=trade_days),
        seed=seed,
    )
    if trade_days is not None and not is_season_known(trade_days, purpose=SERVING):
        table["status"] = table["status"].replace(OK, SHORT_HISTORY)
    if fit.model != ranked[0]:
        table["status"] = table["status"].replace(OK, SECOND_CHOICE)
    return table


def is_season_known(trade_days: pd.DataFrame, *, purpose: str) -> bool:
    """Whether two years of orders up to the day of this purpose show the season."""
    return bool(trade_days.loc[trade_days["purpose"] == purpose, "is_season_known"].any())


def first_ready(fits: pd.DataFrame, *, ranked: Sequence[str]) -> Fit:
    """The first model of the ranking whose fit is ok; the first of all where none is."""
    found = [read_fit(fits, model=name) for name in ranked]
    return next((fit for fit in found if fit.status == OK), found[0])


def common_by_days(measured: pd.DataFrame, *, trade_days: pd.DataFrame | None) -> dict[int, float]:
    """common_sd by days ahead; a usual one where nothing could be replayed."""
    if measured.empty:
        is_known = trade_days is not None and bool(trade_days["is_season_known"].any())
        return common_sds(
            {},
            horizons=[90, 180, 365],
            is_season_known=is_known,
            is_season_ahead_known=trade_days is None or is_known,
        )
    return dict(zip(measured["horizon_days"].astype(int), measured["value"], strict=True))
