"""One row per experiment, metric, variant, dimension and segment: the effect within the segment."""

from retail_analytics.experiments.moments import arm_moments
from retail_analytics.experiments.results import experiment_segments


def model(dbt, session):
    """Compares every variant with its control within each region and type of buyer."""
    sums = dbt.ref("int_experiment_sums")
    counts = dbt.ref("int_experiment_unit_counts")
    scales = dbt.ref("int_experiment_scales")
    metrics = dbt.ref("int_experiment_metrics")
    variants = dbt.ref("int_experiment_variants")
    settings = dbt.ref("int_experiment_settings")
    moments = {
        dimension: arm_moments(
            sums.df(),
            counts=counts.df(),
            metrics=metrics.df(),
            scales=scales.df(),
            segments=[dimension],
        )
        for dimension in ("region", "buyer_type")
    }
    return experiment_segments(
        moments, variants=variants.df(), settings=settings.df().iloc[0].to_dict()
    )
