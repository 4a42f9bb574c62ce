"""One row per group of similar histories and horizon: what one customer of it is expected to do."""

import ast

from retail_analytics.customers.clv.groups import history_groups
from retail_analytics.customers.clv.tables import score_groups
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Scores the groups that are served with the model that the backtest chose."""
    histories = dbt.ref("int_customer_histories").filter("purpose = 'serving'")
    fits = dbt.ref("model_fits")
    measured = dbt.ref("clv_backtest")
    trade_days = dbt.ref("trade_days")
    churn_horizons = dbt.ref("churn_horizons")
    as_of = dbt.ref("int_as_of")
    horizons = ast.literal_eval(str(dbt.config.meta_get("horizons_months")))
    return apart(
        score_groups,
        history_groups(session, histories=histories).df(),
        fits=fits.filter("purpose = 'serving'").df(),
        measured=measured.df(),
        horizons_months=[float(months) for months in horizons],
        expected_only_days=churn_horizons.df()["horizon_days"].tolist(),
        annual_discount_rate=float(dbt.config.meta_get("annual_discount_rate")),
        trade_days=trade_days.filter("purpose = 'serving'").df(),
        as_of=as_of.df()["as_of_date"].iloc[0],
        seed=int(dbt.config.meta_get("seed")),
    )
