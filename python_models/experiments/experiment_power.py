"""One row per metric and relative effect: units and days that a test of it needs."""

from retail_analytics.experiments.power import experiment_power


def model(dbt, session):
    """Plans a test of two equal arms at present traffic."""
    baselines = dbt.ref("int_experiment_baselines")
    traffic = dbt.ref("experiment_traffic")
    effects = dbt.ref("experiment_effects")
    settings = dbt.ref("int_experiment_settings")
    return experiment_power(
        baselines.df(),
        traffic=traffic.df(),
        effects=effects.df()["relative_effect"].tolist(),
        settings=settings.df().iloc[0].to_dict(),
    )
