"""One row per experiment and check: whether the experiment may be believed."""

from retail_analytics.experiments.checks import experiment_checks


def model(dbt, session):
    """Checks every experiment against the limits."""
    counts = dbt.ref("int_experiment_check_counts")
    settings = dbt.ref("int_experiment_settings")
    return experiment_checks(counts.df(), settings=settings.df().iloc[0].to_dict())
