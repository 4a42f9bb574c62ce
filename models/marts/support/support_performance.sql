-- Tickets, times, promises and satisfaction are those of the tickets opened in the month
-- (int_support_opened); the backlog is what was open at its end (int_support_months).
with months as (
    select * from {{ ref('int_support_months') }}
),

opened as (
    select * from {{ ref('int_support_opened') }}
),

unknown_months as (
    {{ unknown_months('support_tickets') }}
),

support_performance as (
    select
        months.dimension,
        months.entity,
        coalesce(opened.ticket_count, 0) as ticket_count,
        coalesce(opened.replied_count, 0) as replied_count,
        coalesce(opened.resolved_count, 0) as resolved_count,
        months.backlog_count,
        {% for measure in ['first_reply', 'resolution'] -%}
        opened.{{ measure }}_median as {{ measure }}_median_minutes,
        opened.{{ measure }}_p90 as {{ measure }}_p90_minutes,
        opened.{{ measure }}_business_median as {{ measure }}_median_business_minutes,
        opened.{{ measure }}_business_p90 as {{ measure }}_p90_business_minutes,
        {% endfor -%}
        {% for target, kind in {'first_reply': 'replies', 'resolution': 'resolutions'}.items() -%}
        coalesce(opened.{{ kind }}_due, 0) as {{ target }}_due_count,
        coalesce(opened.{{ kind }}_met, 0) as {{ target }}_met_count,
        opened.{{ kind }}_met / nullif(opened.{{ kind }}_due, 0) as {{ target }}_met_rate,
        {{ wilson_lower('opened.' ~ kind ~ '_met', 'opened.' ~ kind ~ '_due') }}
            as {{ target }}_met_rate_lower,
        {{ wilson_upper('opened.' ~ kind ~ '_met', 'opened.' ~ kind ~ '_due') }}
            as {{ target }}_met_rate_upper,
        {% endfor -%}
        coalesce(opened.running_count, 0) as running_count,
        coalesce(opened.scored_count, 0) as scored_count,
        opened.satisfaction_score,
        opened.satisfaction_sd / sqrt(opened.scored_count) as satisfaction_standard_error,
        months.order_count,
        case
            when months.dimension = 'all'
                then 100 * coalesce(opened.ticket_count, 0) / nullif(months.order_count, 0)
        end as tickets_per_100_orders,
        months.is_complete,
        unknown_months.month is not null
        or months.unknown_backlog_count > 0
        or coalesce(opened.unknown_count > 0, false) as has_unknown_part,
        case
            when coalesce(opened.ticket_count, 0) = 0 then 'no_tickets'
            when coalesce(opened.replied_count, 0) = 0 then 'no_reply_times'
            else 'ok'
        end as status,
        months.month,
        months.as_of_date
    from months
    left join opened using (dimension, entity, month)
    left join unknown_months on months.month = unknown_months.month
)

select * from support_performance
