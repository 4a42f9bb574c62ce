"""One row per experiment, metric, variant and method: what the variant did against the control."""

from retail_analytics.experiments.moments import arm_moments
from retail_analytics.experiments.results import experiment_results


def model(dbt, session):
    """Compares every variant with its control from sums and squares."""
    sums = dbt.ref("int_experiment_sums")
    counts = dbt.ref("int_experiment_unit_counts")
    scales = dbt.ref("int_experiment_scales")
    points = dbt.ref("int_experiment_quantile_points")
    metrics = dbt.ref("int_experiment_metrics")
    variants = dbt.ref("int_experiment_variants")
    settings = dbt.ref("int_experiment_settings")
    described = metrics.df()
    return experiment_results(
        arm_moments(sums.df(), counts=counts.df(), metrics=described, scales=scales.df()),
        points=points.df(),
        metrics=described,
        variants=variants.df(),
        settings=settings.df().iloc[0].to_dict(),
        seed=int(dbt.config.meta_get("seed")),
    )
