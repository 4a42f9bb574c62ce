-- Credit of each channel over all months, as its share of what the method handed out.
with attribution as (
    select * from {{ ref('attribution') }}
    where channel <> 'unattributed' and status = 'ok'
),

channels as (
    select distinct channel from attribution
),

methods as (
    select distinct method from attribution
),

summed as (
    select
        methods.method,
        channels.channel,
        coalesce({{ decimal_sum('attribution.orders') }}, 0) as orders,
        coalesce({{ decimal_sum('attribution.revenue') }}, 0) as revenue
    from methods
    cross join channels
    left join attribution
        on methods.method = attribution.method and channels.channel = attribution.channel
    group by methods.method, channels.channel
),

channel_credits as (
    select
        method,
        channel,
        orders,
        revenue,
        -- rounded, so that equal credit is equal
        round(
            orders
            / nullif(
                cast(sum(cast(orders as decimal(38, 9))) over (partition by method) as double), 0
            ),
            12
        ) as share
    from summed
)

select * from channel_credits
