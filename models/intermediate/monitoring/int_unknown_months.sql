-- Months of which a part is not known: a row was rejected that has been there (int_rejected_days), or an
-- order's revenue is unknown. Which inputs a metric counts follows from its domain, of some from its name.
with metrics as (
    select
        metric,
        unnest(
            case
                when metric in ('revenue', 'category_revenue', 'average_order_value')
                    then ['orders', 'prices']
                when metric = 'complaint_count' then ['complaints']
                when metric = 'delivery_score' then ['deliveries', 'complaints']
                when metric = 'tickets_per_100_orders' then ['support', 'orders']
                else [domain]
            end
        ) as part
    from {{ ref('metrics') }}
),

unknown_parts as (
    select
        case
            when input_table in ('support_tickets', 'ticket_events') then 'support'
            when input_table = 'delivery_months' then 'deliveries'
            else input_table
        end as part,
        cast(date_trunc('month', day) as date) as period
    from {{ ref('int_rejected_days') }}
    union
    select
        'prices' as part,
        cast(date_trunc('month', ordered_on) as date) as period
    from {{ ref('orders') }}
    where revenue is null
    union
    -- an event of a time that cannot be read is missed in the month of its ticket
    select
        'support' as part,
        cast(date_trunc('month', opened_on) as date) as period
    from {{ ref('support_tickets') }}
    where has_reply is null or status = 'unknown' or is_solution_time_unknown
),

unknown_months as (
    select distinct
        metrics.metric,
        unknown_parts.period
    from metrics
    inner join unknown_parts on metrics.part = unknown_parts.part
    where unknown_parts.period is not null
)

select * from unknown_months
