"""One row per measure and team, and per measure, team and agent: their times for their mix."""

from retail_analytics.support.teams import team_effects


def model(dbt, session):
    """Fits the effects of teams and agents to sums of tickets alike."""
    cells = dbt.ref("int_team_cells")
    as_of = dbt.ref("int_as_of")
    return team_effects(
        cells.df(),
        least_tickets=int(dbt.config.meta_get("least_tickets")),
        most_agents=int(dbt.config.meta_get("most_agents")),
        interval_z=float(dbt.config.meta_get("interval_z")),
    ).assign(as_of_date=as_of.fetchall()[0][0])
