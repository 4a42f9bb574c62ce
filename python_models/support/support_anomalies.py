"""One row per kind, measure, entity and period that was unusual."""

from retail_analytics.support.anomalies import support_anomalies
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Compares days, hours and weeks with their own profile."""
    periods = dbt.ref("int_support_periods")
    rules = dbt.ref("support_anomaly_rules")
    as_of = dbt.ref("int_as_of")
    anomalies = apart(support_anomalies, periods.df(), rules.df())
    return anomalies.assign(as_of_date=as_of.fetchall()[0][0])
