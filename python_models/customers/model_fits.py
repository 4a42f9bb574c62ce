"""One row per purpose and model of purchases or spend: its parameters and how the fit went."""

from retail_analytics.customers.clv.groups import history_groups, spend_groups
from retail_analytics.customers.clv.tables import fit_models
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Fits every model to grouped histories, for serving and for the backtest."""
    histories = dbt.ref("int_customer_histories").filter("purpose in ('serving', 'backtest')")
    groups = history_groups(session, histories=histories)
    spends = spend_groups(session, histories=histories)
    return apart(fit_models, groups.df(), spends=spends.df())
