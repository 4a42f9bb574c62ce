"""One row per channel and hour of the week: the tickets that an average week ahead will bring."""

from retail_analytics.support.volumes import volume_forecasts


def model(dbt, session):
    """Learns level, hours and variance from the weeks of the last year."""
    volumes = dbt.ref("int_ticket_volumes")
    as_of = dbt.ref("int_as_of")
    return volume_forecasts(
        volumes.df(),
        least_weeks=int(dbt.config.meta_get("least_weeks")),
        short_weeks=int(dbt.config.meta_get("short_weeks")),
        quantile=float(dbt.config.meta_get("quantile")),
    ).assign(as_of_date=as_of.fetchall()[0][0])
