-- Of the tickets opened in a month: how many, how fast, which promises were kept, and how content the
-- customers were. The rate of promises kept is kept / (kept + broken): what runs is in neither.
{% set measures = ['first_reply', 'first_reply_business', 'resolution', 'resolution_business'] -%}
with ticket_slices as (
    select * from {{ ref('int_ticket_slices') }}
),

medians as (
    select * from {{ ref('int_ticket_medians') }}
),

promises as (
    select
        ticket_id,
        count(*) filter (target = 'first_reply' and status = 'met') as replies_met,
        count(*) filter (target = 'first_reply' and status = 'breached') as replies_breached,
        count(*) filter (target = 'resolution' and status = 'met') as resolutions_met,
        count(*) filter (target = 'resolution' and status = 'breached') as resolutions_breached,
        count(*) filter (status = 'running') as running
    from {{ ref('sla_results') }}
    group by ticket_id
),

opened as (
    select
        ticket_slices.dimension,
        ticket_slices.entity,
        ticket_slices.month,
        count(*) as ticket_count,
        count(*) filter (ticket_slices.has_reply) as replied_count,
        count(ticket_slices.resolved_at) as resolved_count,
        count(*) filter (
            ticket_slices.has_reply is null
            or ticket_slices.is_solution_time_unknown
            or (ticket_slices.resolved_at is null and not ticket_slices.is_open)
        ) as unknown_count,
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

medians_in_a_row as (
    select
        dimension,
        entity,
        month,
        {% for measure in measures -%}
        max(median_minutes) filter (measure = '{{ measure }}') as {{ measure }}_median,
        max(p90_minutes) filter (measure = '{{ measure }}') as {{ measure }}_p90
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from medians
    group by all
),

support_opened as (
    select
        opened.dimension,
        opened.entity,
        opened.ticket_count,
        opened.replied_count,
        opened.resolved_count,
        opened.unknown_count,
        cast(opened.replies_met as bigint) as replies_met,
        cast(opened.replies_due as bigint) as replies_due,
        cast(opened.resolutions_met as bigint) as resolutions_met,
        cast(opened.resolutions_due as bigint) as resolutions_due,
        cast(opened.running_count as bigint) as running_count,
        opened.scored_count,
        opened.satisfaction_score,
        opened.satisfaction_sd,
        {% for measure in measures -%}
        medians_in_a_row.{{ measure }}_median,
        medians_in_a_row.{{ measure }}_p90,
        {% endfor -%}
        opened.month
    from opened
    left join medians_in_a_row using (dimension, entity, month)
)

select * from support_opened
