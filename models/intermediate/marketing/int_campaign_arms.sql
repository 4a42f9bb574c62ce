-- The sums of both sides of a campaign: `shown` and `held_out` by lot; `reached` and `others` as they
-- came about, changes from before to after and from earlier to before.
with units as (
    select * from {{ ref('int_campaign_units') }}
),

windows as (
    select * from {{ ref('int_campaign_windows') }}
),

customers as (
    select * from {{ ref('customers') }}
),

sides as (
    select
        *,
        case when is_held_out then 'held_out' else 'shown' end as side
    from units
    where is_assigned
    union all
    select
        *,
        case when is_reached then 'reached' else 'others' end as side
    from units
    where is_known_before and not is_held_out
),

known_customers as (
    select
        windows.campaign,
        count(*) as customer_count
    from windows
    inner join customers
        on customers.signed_up_on <= windows.starts_on - 2 * windows.length_days
    group by windows.campaign
),

listed as (
    select
        campaign,
        count(*) filter (is_known_before and (is_reached or is_held_out)) as customer_count
    from units
    group by campaign
),

measured as (
    select
        *,
        unnest([
            {
                'measure': 'orders',
                'y': cast(order_count as double),
                'x': cast(order_count_before as double)
            },
            {'measure': 'revenue', 'y': revenue, 'x': revenue_before},
            {'measure': 'margin', 'y': margin, 'x': margin_before}
        ]) as measured
    from sides
),

sums as (
    select
        campaign,
        side,
        measured.measure as measure,
        avg(cast(is_margin_known as integer)) as margin_known_share,
        count(*) as row_count,
        {{ decimal_sum('measured.y') }} as y,
        {{ decimal_sum('measured.x') }} as x,
        {{ decimal_sum('measured.y * measured.y', digits=6) }} as yy,
        {{ decimal_sum('measured.x * measured.x', digits=6) }} as xx,
        {{ decimal_sum('measured.x * measured.y', digits=6) }} as xy,
        sum(cast(order_count_before - order_count_earlier as double)) as change_before,
        sum(pow(order_count_before - order_count_earlier, 2)) as change_before_squares
    from measured
    group by campaign, side, measured.measure
),

arms as (
    select
        sums.*,
        -- customers who ordered nothing have no row among the others
        case
            when sums.side = 'others'
                then greatest(
                        known_customers.customer_count - listed.customer_count, sums.row_count
                    )
            else sums.row_count
        end as n
    from sums
    inner join known_customers on sums.campaign = known_customers.campaign
    inner join listed on sums.campaign = listed.campaign
)

select * from arms
