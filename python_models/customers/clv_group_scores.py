"""One row per group of alike histories and horizon: what one customer of it is expected to do."""

import ast

from retail_analytics.customers.clv.tables import score_groups


def model(dbt, session):
    """Scores the groups that are served with the model that the backtest chose."""
    groups = dbt.ref("int_history_groups")
    fits = dbt.ref("model_fits")
    measured = dbt.ref("clv_backtest")
    horizons = ast.literal_eval(str(dbt.config.meta_get("horizons_months")))
    return score_groups(
        groups.filter("purpose = 'serving'").df(),
        fits=fits.filter("purpose = 'serving'").df(),
        measured=measured.df(),
        horizons_months=[float(months) for months in horizons],
        annual_discount_rate=float(dbt.config.meta_get("annual_discount_rate")),
        seed=int(dbt.config.meta_get("seed")),
    )
