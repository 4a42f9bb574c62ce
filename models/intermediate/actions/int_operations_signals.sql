-- What the playbook may act on in operations, as of the last complete month or of today. At stake is
-- money where it can be named:
-- 1. late parcels: the revenue of their orders;
-- 2. articles that run out: what would sell, at the mean price, while there is nothing to sell;
-- 3. stock that lasts too long: what it cost.
with as_of as (
    select * from {{ ref('int_as_of') }}
),

performance as (
    select * from {{ ref('delivery_performance') }}
),

deliveries as (
    select * from {{ ref('deliveries') }}
    where is_on_time = false
),

orders as (
    select * from {{ ref('orders') }}
),

late_orders as (
    select distinct
        deliveries.order_id,
        orders.revenue,
        unnest([
            {'dimension': 'all', 'entity': 'all'},
            {'dimension': 'carrier', 'entity': deliveries.carrier},
            {'dimension': 'warehouse', 'entity': deliveries.warehouse}
        ]) as slice
    from deliveries
    inner join orders on deliveries.order_id = orders.order_id
    cross join as_of
    where
        date_trunc('month', coalesce(deliveries.delivered_on, deliveries.promised_on))
        = as_of.last_month
),

late_revenue as (
    select
        slice.dimension as dimension,
        slice.entity as entity,
        count(*) as order_count,
        cast(sum(revenue) as double) as revenue
    from late_orders
    group by all
),

usual_rates as (
    select
        performance.dimension,
        performance.entity,
        -- a mean of doubles differs in the last digit from build to build
        round(avg(performance.on_time_rate), 9) as on_time_rate
    from performance
    cross join as_of
    where
        performance.month < as_of.last_month
        and performance.month >= as_of.last_month - interval 12 month
    group by all
),

punctuality as (
    select
        'on_time_rate_at_best' as signal,
        performance.dimension as entity_type,
        performance.entity,
        cast(null as varchar) as subject,
        coalesce(performance.on_time_rate_upper, performance.on_time_rate) as value,
        usual_rates.on_time_rate as usual_value,
        late_revenue.order_count as item_count,
        late_revenue.revenue as value_at_stake,
        performance.month as period
    from performance
    inner join as_of on performance.month = as_of.last_month
    left join usual_rates
        on
            performance.dimension = usual_rates.dimension
            and performance.entity = usual_rates.entity
    left join late_revenue
        on
            performance.dimension = late_revenue.dimension
            and performance.entity = late_revenue.entity
),

drops as (
    select
        'delivery_drop' as signal,
        degradations.dimension as entity_type,
        degradations.entity,
        degradations.measure as subject,
        degradations.worse_than_usual / nullif(abs(degradations.usual_value), 0) as value,
        cast(null as double) as usual_value,
        cast(null as bigint) as item_count,
        cast(null as double) as value_at_stake,
        degradations.month as period
    from {{ ref('delivery_degradations') }} as degradations
    inner join as_of on degradations.month = as_of.last_month
    -- complaints grow with the number of parcels
    where degradations.found_by <> 'rule' and degradations.measure <> 'complaint_count'
    qualify
        row_number() over (
            partition by degradations.dimension, degradations.entity
            order by value desc, degradations.measure asc
        ) = 1
),

trends as (
    select
        'slower_a_year' as signal,
        dimension as entity_type,
        entity,
        measure as subject,
        12 * slope_per_month as value,
        cast(null as double) as usual_value,
        month_count as item_count,
        cast(null as double) as value_at_stake,
        to_month as period
    from {{ ref('delivery_trends') }}
    where measure = 'average_delivery_days' and assessment = 'worsening'
),

next_scores as (
    select
        'delivery_score_ahead' as signal,
        dimension as entity_type,
        entity,
        cast(null as varchar) as subject,
        score as value,
        cast(null as double) as usual_value,
        cast(null as bigint) as item_count,
        cast(null as double) as value_at_stake,
        month as period
    from {{ ref('delivery_forecasts') }}
    where score is not null
    qualify row_number() over (partition by dimension, entity order by month) = 1
),

incident_orders as (
    select
        'incident_orders' as signal,
        'incident_category' as entity_type,
        incidents.category as entity,
        max_by(incidents.description, incidents.affected_orders) as subject,
        cast(sum(incidents.affected_orders) as double) as value,
        cast(null as double) as usual_value,
        count(*) as item_count,
        cast(null as double) as value_at_stake,
        as_of.as_of_date as period
    from {{ ref('incidents') }} as incidents
    inner join as_of on incidents.occurred_on > as_of.as_of_date - 90
    group by incidents.category, as_of.as_of_date
),

scorecards as (
    select * from {{ ref('carrier_scorecards') }}
    where dimension = 'carrier' and on_time_rank is not null
),

carriers as (
    select
        'carrier_rate_at_best' as signal,
        'carrier' as entity_type,
        carrier as entity,
        first_value(carrier) over (order by on_time_rank, carrier) as subject,
        expected_on_time_rate_upper as value,
        cast(null as double) as usual_value,
        delivery_count as item_count,
        cast(null as double) as value_at_stake,
        as_of_date as period
    from scorecards
    qualify carrier <> subject
),

articles as (
    select
        levels.*,
        cast(products.revenue as double) / nullif(products.units_sold, 0) as unit_price
    from {{ ref('inventory_levels') }} as levels
    inner join {{ ref('products') }} as products on levels.product_id = products.product_id
),

stock as (
    select
        'days_without_stock' as signal,
        'product' as entity_type,
        product_id as entity,
        product_name as subject,
        lead_time_days - days_of_cover as value,
        cast(null as double) as usual_value,
        order_now_units as item_count,
        greatest(lead_time_days - days_of_cover, 0) * forecast_daily_demand * unit_price
            as value_at_stake,
        as_of_date as period
    from articles
    where order_now_units > 0
    union all
    select
        'days_of_cover' as signal,
        'product' as entity_type,
        product_id as entity,
        product_name as subject,
        days_of_cover as value,
        cast(null as double) as usual_value,
        cast(round(on_hand_units) as bigint) as item_count,
        on_hand_units * cast(unit_cost as double) as value_at_stake,
        as_of_date as period
    from articles
),

health as (
    select
        'operations_health' as signal,
        'all' as entity_type,
        'all' as entity,
        cast(null as varchar) as subject,
        health.score as value,
        cast(null as double) as usual_value,
        health.incident_count as item_count,
        cast(null as double) as value_at_stake,
        health.month as period
    from {{ ref('operations_health') }} as health
    where health.is_complete
    qualify row_number() over (order by health.month desc) = 1
),

operations_signals as (
    {% for part in [
        'punctuality', 'drops', 'trends', 'next_scores', 'incident_orders', 'carriers', 'stock',
        'health',
    ] -%}
    select * from {{ part }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from operations_signals
where value is not null
