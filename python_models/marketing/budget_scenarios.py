"""One row per scenario of the rules: what its weekly spend would bring."""

from retail_analytics.marketing.budget_tables import budget_scenarios


def model(dbt, session):
    """Reads every scenario off the curves of the mix."""
    draws = dbt.ref("mix_draws")
    current = dbt.ref("int_current_spend")
    bounds = dbt.ref("budget_bounds")
    scenarios = dbt.ref("budget_scenario_rules")
    plans = dbt.ref("budget_plans")
    return budget_scenarios(draws.df(), current.df(), bounds.df(), scenarios.df(), plans.df())
