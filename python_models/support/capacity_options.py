"""One row per channel, hour of the week and number of people: the service they would give."""

from retail_analytics.support.staffing import capacity_options


def model(dbt, session):
    """Computes queues and backlogs for the recommended number of people and its neighbours."""
    hours = dbt.ref("int_capacity_hours")
    rules = dbt.ref("staffing_rules")
    as_of = dbt.ref("int_as_of")
    return capacity_options(hours.df(), rules.df(), seed=int(dbt.config.meta_get("seed"))).assign(
        as_of_date=as_of.fetchall()[0][0]
    )
