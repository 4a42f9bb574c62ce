"""One row per experiment and variant other than the control: what follows, and why."""

from retail_analytics.experiments.decisions import experiment_decisions


def model(dbt, session):
    """Decides on every variant: validity first, then guardrails, then the primary metric."""
    results = dbt.ref("experiment_results")
    checks = dbt.ref("experiment_checks")
    metrics = dbt.ref("int_experiment_metrics")
    variants = dbt.ref("int_experiment_variants")
    designs = dbt.ref("int_experiment_designs")
    arrivals = dbt.ref("int_experiment_arrivals")
    reasons = dbt.ref("experiment_reasons")
    settings = dbt.ref("int_experiment_settings")
    return experiment_decisions(
        results.df(),
        checks=checks.df(),
        metrics=metrics.df(),
        variants=variants.df(),
        designs=designs.df(),
        arrivals=arrivals.df(),
        reasons=reasons.df(),
        settings=settings.df().iloc[0].to_dict(),
    )
