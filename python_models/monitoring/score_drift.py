"""One row per score and build: whether it is spread as in a build some weeks before."""

from retail_analytics.monitoring.drift import score_drift


def model(dbt, session):
    """Compares the scores of this build with those that the published file remembers."""
    scores = dbt.ref("int_score_bins")
    settings = dbt.ref("monitoring_settings")
    return score_drift(scores.df(), settings=settings.df().set_index("setting")["value"].to_dict())
