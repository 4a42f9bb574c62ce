"""One row per month and channel: what the channel would be missed for, by removal."""

from retail_analytics.marketing.attribution import markov_credit


def model(dbt, session):
    """Solves the chain of all journeys once, and shares its credit out over the months."""
    transitions = dbt.ref("int_journey_transitions")
    months = dbt.ref("int_journey_months")
    return markov_credit(transitions.df(), months.df())
