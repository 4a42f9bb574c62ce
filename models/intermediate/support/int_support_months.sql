-- 1. A month without tickets is there from the first one of its slice on, for its backlog: what was open
--    at its end, whenever it was opened.
-- 2. A ticket of which nobody knows whether it is solved is in no backlog, and may be in that of every
--    month from its opening on: these are counted apart.
with ticket_slices as (
    select * from {{ ref('int_ticket_slices') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

first_months as (
    select
        dimension,
        entity,
        min(month) as first_month
    from ticket_slices
    group by dimension, entity
),

months as (
    select
        first_months.dimension,
        first_months.entity,
        unnest(generate_series(
            first_months.first_month, as_of.as_of_date, interval 1 month
        )) as month
    from first_months
    cross join as_of
),

opened as (
    select
        dimension,
        entity,
        month,
        count(*) filter (resolved_at is not null or is_open) as opened_count,
        count(*) filter (resolved_at is null and not is_open) as unknown_count
    from ticket_slices
    group by dimension, entity, month
),

closed as (
    select
        dimension,
        entity,
        cast(date_trunc('month', {{ shop_day('resolved_at') }}) as date) as month,
        count(*) as closed_count
    from ticket_slices
    where resolved_at is not null
    group by all
),

order_months as (
    select
        cast(date_trunc('month', ordered_on) as date) as month,
        count(*) filter (is_purchase) as order_count
    from {{ ref('orders') }}
    group by all
),

support_months as (
    select
        months.dimension,
        months.entity,
        cast(
            sum(coalesce(opened.opened_count, 0) - coalesce(closed.closed_count, 0)) over (
                partition by months.dimension, months.entity
                order by months.month
                rows between unbounded preceding and current row
            ) as bigint
        ) as backlog_count,
        cast(
            sum(coalesce(opened.unknown_count, 0)) over (
                partition by months.dimension, months.entity
                order by months.month
                rows between unbounded preceding and current row
            ) as bigint
        ) as unknown_backlog_count,
        case when months.dimension = 'all' then order_months.order_count end as order_count,
        last_day(months.month) <= as_of.as_of_date as is_complete,
        cast(months.month as date) as month,
        as_of.as_of_date
    from months
    cross join as_of
    left join opened using (dimension, entity, month)
    left join closed using (dimension, entity, month)
    left join order_months using (month)
)

select * from support_months
