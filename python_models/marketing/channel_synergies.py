"""One row per pair of channels: whether they win more together than each adds by itself."""

from retail_analytics.marketing.synergies import synergies


def model(dbt, session):
    """Fits all pairs at once to the journeys that are over, grouped by their channels."""
    steps = dbt.ref("int_journey_seen")
    sets = dbt.ref("int_journey_sets")
    settings = dbt.ref("int_marketing_settings")
    rules = settings.df().iloc[0]
    return synergies(
        steps.df(),
        sets.df(),
        fewest_journeys=int(rules["synergy_fewest_journeys"]),
        most_channels=int(rules["synergy_most_channels"]),
        least_interaction=float(rules["synergy_least_interaction"]),
        most_q_value=float(rules["synergy_most_q_value"]),
        level=float(dbt.config.meta_get("level")),
    )
