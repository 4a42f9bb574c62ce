-- 1. Tickets, times, promises and satisfaction are those of the tickets opened in the month; the
--    backlog is what was open at its end, whenever it was opened.
-- 2. The rate of promises kept is kept / (kept + broken): what runs is in neither.
-- 3. A month without tickets is there from the first one of its slice on, for its backlog.
with ticket_slices as (
    select * from {{ ref('int_ticket_slices') }}
),

medians as (
    select * from {{ ref('int_ticket_medians') }}
),

sla_results as (
    select * from {{ ref('sla_results') }}
),

orders as (
    select * from {{ ref('orders') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

promises as (
    select
        ticket_id,
        count(*) filter (target = 'first_reply' and status = 'met') as replies_met,
        count(*) filter (target = 'first_reply' and status = 'breached') as replies_breached,
        count(*) filter (target = 'resolution' and status = 'met') as resolutions_met,
        count(*) filter (target = 'resolution' and status = 'breached') as resolutions_breached,
        count(*) filter (status = 'running') as running
    from sla_results
    group by ticket_id
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
        ticket_slices.dimension,
        ticket_slices.entity,
        ticket_slices.month,
        count(*) as ticket_count,
        count(*) filter (ticket_slices.has_reply) as replied_count,
        count(*) filter (not ticket_slices.is_open) as resolved_count,
        sum(promises.replies_met) as replies_met,
        sum(promises.replies_met + promises.replies_breached) as replies_due,
        sum(promises.resolutions_met) as resolutions_met,
        sum(promises.resolutions_met + promises.resolutions_breached) as resolutions_due,
        sum(promises.running) as running_count,
        count(ticket_slices.satisfaction_score) as scored_count,
        avg(ticket_slices.satisfaction_score) as satisfaction_score,
        -- rounded: the last digits depend on the order of rows
        round(stddev_samp(ticket_slices.satisfaction_score), 9) as satisfaction_sd
    from ticket_slices
    left join promises on ticket_slices.ticket_id = promises.ticket_id
    group by all
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

medians_in_a_row as (
    select
        dimension,
        entity,
        month,
        {% for measure in [
            'first_reply', 'first_reply_business', 'resolution', 'resolution_business'
        ] -%}
        max(median_minutes) filter (measure = '{{ measure }}') as {{ measure }}_median,
        max(p90_minutes) filter (measure = '{{ measure }}') as {{ measure }}_p90
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from medians
    group by all
),

order_months as (
    select
        cast(date_trunc('month', ordered_on) as date) as month,
        count(*) filter (is_purchase) as order_count
    from orders
    group by all
),

support_performance as (
    select
        months.dimension,
        months.entity,
        coalesce(opened.ticket_count, 0) as ticket_count,
        coalesce(opened.replied_count, 0) as replied_count,
        coalesce(opened.resolved_count, 0) as resolved_count,
        cast(
            sum(coalesce(opened.ticket_count, 0) - coalesce(closed.closed_count, 0)) over (
                partition by months.dimension, months.entity
                order by months.month
                rows between unbounded preceding and current row
            ) as bigint
        ) as backlog_count,
        medians_in_a_row.first_reply_median as first_reply_median_minutes,
        medians_in_a_row.first_reply_p90 as first_reply_p90_minutes,
        medians_in_a_row.first_reply_business_median as first_reply_median_business_minutes,
        medians_in_a_row.first_reply_business_p90 as first_reply_p90_business_minutes,
        medians_in_a_row.resolution_median as resolution_median_minutes,
        medians_in_a_row.resolution_p90 as resolution_p90_minutes,
        medians_in_a_row.resolution_business_median as resolution_median_business_minutes,
        medians_in_a_row.resolution_business_p90 as resolution_p90_business_minutes,
        cast(coalesce(opened.replies_due, 0) as bigint) as first_reply_due_count,
        cast(coalesce(opened.replies_met, 0) as bigint) as first_reply_met_count,
        opened.replies_met / nullif(opened.replies_due, 0) as first_reply_met_rate,
        {{ wilson_lower('opened.replies_met', 'opened.replies_due') }}
            as first_reply_met_rate_lower,
        {{ wilson_upper('opened.replies_met', 'opened.replies_due') }}
            as first_reply_met_rate_upper,
        cast(coalesce(opened.resolutions_due, 0) as bigint) as resolution_due_count,
        cast(coalesce(opened.resolutions_met, 0) as bigint) as resolution_met_count,
        opened.resolutions_met / nullif(opened.resolutions_due, 0) as resolution_met_rate,
        {{ wilson_lower('opened.resolutions_met', 'opened.resolutions_due') }}
            as resolution_met_rate_lower,
        {{ wilson_upper('opened.resolutions_met', 'opened.resolutions_due') }}
            as resolution_met_rate_upper,
        cast(coalesce(opened.running_count, 0) as bigint) as running_count,
        coalesce(opened.scored_count, 0) as scored_count,
        opened.satisfaction_score,
        opened.satisfaction_sd / sqrt(opened.scored_count) as satisfaction_standard_error,
        case when months.dimension = 'all' then order_months.order_count end as order_count,
        case
            when months.dimension = 'all'
                then 100 * coalesce(opened.ticket_count, 0) / nullif(order_months.order_count, 0)
        end as tickets_per_100_orders,
        last_day(months.month) <= as_of.as_of_date as is_complete,
        case
            when coalesce(opened.ticket_count, 0) = 0 then 'no_tickets'
            when coalesce(opened.replied_count, 0) = 0 then 'no_reply_times'
            else 'ok'
        end as status,
        cast(months.month as date) as month,
        as_of.as_of_date
    from months
    cross join as_of
    left join opened using (dimension, entity, month)
    left join closed using (dimension, entity, month)
    left join medians_in_a_row using (dimension, entity, month)
    left join order_months on months.month = order_months.month
)

select * from support_performance
