"""One row per customer: how recent, how often, how much, and the segment that follows from it."""

from retail_analytics.customers.rfm import explain, score
from retail_analytics.storage.engine import query


def model(dbt, session):
    """Scores every customer as of the newest event."""
    customers = dbt.ref("customers")
    as_of = dbt.ref("int_as_of")
    cells = dbt.ref("rfm_segments")
    segments = dbt.ref("segments")
    measures = query(
        session,
        """
        select
            as_of.as_of_date,
            customers.customer_id,
            as_of.as_of_date - customers.last_ordered_on as recency_days,
            customers.order_count as frequency,
            customers.revenue as monetary
        from customers
        cross join as_of
        """,
        customers=customers,
        as_of=as_of,
    )
    scored = score(session, measures=measures, cells=cells, segments=segments)
    return explain(session, scored=scored)
