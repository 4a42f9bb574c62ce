"""One row per experiment, metric, variant and day: the sequential interval as it stood that day."""

from retail_analytics.experiments.results import daily_results


def model(dbt, session):
    """Adds up the days of the primary metric."""
    sums = dbt.ref("int_experiment_daily_sums")
    scales = dbt.ref("int_experiment_scales")
    variants = dbt.ref("int_experiment_variants")
    settings = dbt.ref("int_experiment_settings")
    return daily_results(
        sums.df(),
        scales=scales.df(),
        variants=variants.df(),
        settings=settings.df().iloc[0].to_dict(),
    )
