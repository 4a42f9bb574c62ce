"""One row per channel with spend: what to spend per week, and what moving would gain."""

from retail_analytics.marketing.budget_tables import budget_recommendations


def model(dbt, session):
    """Splits today's weekly spend on the curves of the mix, within the bounds of the rules."""
    draws = dbt.ref("mix_draws")
    current = dbt.ref("int_current_spend")
    bounds = dbt.ref("budget_bounds")
    return budget_recommendations(draws.df(), current.df(), bounds.df())
