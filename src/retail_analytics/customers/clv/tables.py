"""The tables of lifetime values as the warehouse asks for them, one function a table."""

from collections.abc import Sequence

import pandas as pd

from retail_analytics.customers.clv.backtest import backtest, choose_model
from retail_analytics.customers.clv.fit import (
    BASELINES,
    MODELS,
    fit_purchase_model,
    model_fits,
    read_fit,
)
from retail_analytics.customers.clv.gamma_gamma import GAMMA_GAMMA, SHRUNKEN_MEAN, fit_spend_model
from retail_analytics.customers.clv.grouping import BIN_COLUMNS
from retail_analytics.customers.clv.lifetime_value import SCORE_COLUMNS, score_histories


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


def backtest_models(customers: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """`backtest.backtest` with the model that serves marked, on histories that share a holdout.

    customers: the backtest rows of customer_histories. Returns the backtest's columns, holdout_days
    and is_serving; no rows where nothing can be measured.
    """
    holdout_days = int(customers["holdout_days"].max()) if len(customers) else 0
    measured = backtest(customers, horizon_days=holdout_days, seed=seed)
    measured = measured.rename(columns={"rows": "row_count"})
    serving = choose_model(measured)
    return measured.assign(
        holdout_days=holdout_days, is_serving=(measured["model"] == serving).to_numpy()
    )


def score_groups(
    groups: pd.DataFrame,
    *,
    fits: pd.DataFrame,
    measured: pd.DataFrame,
    horizons_months: Sequence[float],
    annual_discount_rate: float,
    seed: int,
) -> pd.DataFrame:
    """`lifetime_value.score_histories` with the model that the backtest chose.

    Where that model could not be fitted, the values are null and the status says so.
    """
    if fits.empty:
        return pd.DataFrame(
            columns=[*BIN_COLUMNS, "horizon_months", *SCORE_COLUMNS, "method", "status"]
        )
    fit = read_fit(fits, model=choose_model(measured))
    spend_name = next(name for name in (GAMMA_GAMMA, SHRUNKEN_MEAN) if name in set(fits["model"]))
    return score_histories(
        groups,
        fit=fit,
        spend_fit=read_fit(fits, model=spend_name),
        horizons_months=horizons_months,
        annual_discount_rate=annual_discount_rate,
        seed=seed,
    )
