"""One row per model, target, metric, baseline and horizon: how well it did on held-out time."""

from retail_analytics.customers.champions import VALUES, customer_reign
from retail_analytics.customers.clv.groups import past_histories
from retail_analytics.customers.clv.tables import backtest_models
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Measures the models as of a past day, and how far totals were off as of others."""
    histories = dbt.ref("int_customer_histories")
    worth_rates = dbt.ref("int_worth_rates")
    outcomes = dbt.ref("int_history_outcomes")
    trade_days = dbt.ref("trade_days")
    reigns = dbt.ref("int_model_reigns")
    seed = int(dbt.config.meta_get("seed"))
    return apart(
        backtest_models,
        past_histories(session, histories=histories, worth_rates=worth_rates).df(),
        outcomes=outcomes.df(),
        trade_days=trade_days.df(),
        seed=seed,
        reign=customer_reign(VALUES, reigns=reigns.df()),
    )
