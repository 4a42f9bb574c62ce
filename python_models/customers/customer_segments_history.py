"""One row per customer and month: the segment the customer was in at the month's end."""

from retail_analytics.customers.rfm import score


def model(dbt, session):
    """Scores every customer as of every month's end, each month among its own customers."""
    measures = dbt.ref("int_customer_months")
    cells = dbt.ref("rfm_segments")
    segments = dbt.ref("segments")
    scored = score(session, measures=measures, cells=cells, segments=segments)
    return scored.project(
        """
        customer_id, segment, method, status,
        recency_days, frequency, monetary, recency_score, frequency_score, monetary_score,
        cast(date_trunc('month', as_of_date) as date) as month, as_of_date
        """
    )
