"""One row per priority, weekday, three-hour block and week ahead: how long tickets will wait."""

from retail_analytics.support.waits import wait_forecasts


def model(dbt, session):
    """Learns from the waits of the last year and tests on its last weeks."""
    waits = dbt.ref("int_ticket_waits")
    as_of = dbt.ref("int_as_of")
    return wait_forecasts(
        waits.order("week, ticket_id").df(),
        weeks_ahead=int(dbt.config.meta_get("weeks_ahead")),
        least_tickets=int(dbt.config.meta_get("least_tickets")),
        least_weeks=int(dbt.config.meta_get("least_weeks")),
        short_weeks=int(dbt.config.meta_get("short_weeks")),
        interval_z=float(dbt.config.meta_get("interval_z")),
    ).assign(as_of_date=as_of.fetchall()[0][0])
