"""One row per finding of the day, in words, the most important first."""

from retail_analytics.monitoring.insights import insights
from retail_analytics.storage.engine import query


def model(dbt, session):
    """Puts what the marts found into sentences."""
    anomalies = dbt.ref("metric_anomalies")
    trends = dbt.ref("metric_trends")
    changes = dbt.ref("change_points")
    orders = dbt.ref("orders")
    journeys = dbt.ref("journeys")
    deliveries = dbt.ref("deliveries")
    segments = dbt.ref("customer_rfm")
    rules = dbt.ref("daily_metrics")
    monthly_rules = dbt.ref("metrics")
    templates = dbt.ref("insight_templates")
    settings = dbt.ref("monitoring_settings")
    drifts = dbt.ref("feature_drift")
    memory = dbt.ref("int_insight_memory")
    hours = dbt.ref("int_order_hours")
    as_of = dbt.ref("int_as_of")
    coverage = dbt.ref("int_input_coverage")
    as_of_date, _, history_from = as_of.fetchall()[0]
    return insights(
        anomalies=anomalies.df(),
        trends=trends.df(),
        changes=changes.df(),
        months=query(session, MONTHS, orders=orders, as_of=as_of, coverage=coverage).df(),
        journeys=query(session, TOUCHES, journeys=journeys).df(),
        rules=rules.df(),
        monthly_rules=monthly_rules.df(),
        templates=templates.df(),
        settings=settings.df().set_index("setting")["value"].to_dict(),
        currency=dbt.config.meta_get("currency"),
        as_of_date=as_of_date,
        history_from=history_from,
        drifts=drifts.df(),
        hours=hours.df(),
        channels=query(session, CHANNELS, orders=orders, as_of=as_of).df(),
        parcels=query(
            session, PARCELS, orders=orders, deliveries=deliveries, segments=segments
        ).df(),
        memory=memory.df(),
    )


# up to the last month that is over; none where the orders end before it does
MONTHS = """
    select
        cast(date_trunc('month', ordered_on) as timestamp) as month,
        count(*) filter (is_purchase) as order_count,
        case when count(revenue) = count(*) then cast(sum(revenue) as double) end as revenue,
        -- wide enough for the square of the largest amount
        cast(
            sum(cast(revenue as decimal(19, 4)) * cast(revenue as decimal(19, 4))) as double
        ) as revenue_squares
    from orders
    cross join as_of
    inner join coverage
        on
            coverage.input_table = 'orders'
            and coverage.covered_until >= last_day(as_of.last_month)
    where ordered_on <= last_day(as_of.last_month)
    group by 1
"""
TOUCHES = """
    select
        least(touch_count, 3) as touch_count,
        count(*) as journey_count,
        count(*) filter (is_converted) as converted_count
    from journeys
    where not is_open
    group by 1
"""
CHANNELS = """
    select
        sales_channel,
        count(*) as order_count,
        cast(sum(revenue) as double) as revenue,
        cast(
            sum(cast(revenue as decimal(19, 4)) * cast(revenue as decimal(19, 4))) as double
        ) as revenue_squares
    from orders
    cross join as_of
    where is_purchase and sales_channel is not null and ordered_on > as_of_date - 365
    group by 1
    having count(revenue) = count(*)
    order by 1
"""
PARCELS = """
    with last_parcels as (
        select
            orders.customer_id,
            max_by(deliveries.is_on_time, deliveries.delivered_on) as is_on_time,
            date_trunc('month', max(deliveries.delivered_on)) as month
        from deliveries
        inner join orders on deliveries.order_id = orders.order_id
        where deliveries.is_on_time is not null and deliveries.delivered_on is not null
        group by 1
    )
    select
        last_parcels.month,
        segments.segment,
        count(*) as customer_count,
        count(*) filter (not last_parcels.is_on_time) as late_count
    from last_parcels
    inner join segments on last_parcels.customer_id = segments.customer_id
    where segments.segment is not null
    group by 1, 2
    order by 1, 2
"""
