-- A trend towards longer deliveries, as far as it is proven.
with trends as (
    select * from {{ ref('delivery_trends') }}
    where measure = 'average_delivery_days' and assessment = 'worsening'
),

slower_a_year as (
    select
        'slower_a_year' as signal,
        trends.dimension as entity_type,
        trends.entity,
        case when trends.dimension <> 'all' then trends.entity end as name,
        cast(null as varchar) as subject,
        12 * trends.slope_per_month as value,
        12 * trends.slope_per_month as figure,
        cast(null as double) as usual_value,
        trends.month_count as item_count,
        cast(null as double) as value_at_stake,
        trends.to_month as period
    from trends
    inner join {{ ref('int_last_delivery_month') }} as newest on trends.to_month = newest.month
)

select * from slower_a_year
where value is not null
