-- 1. Business minutes are the minutes in which support was open between two moments, on the hours of
--    the ticket; all other minutes are the calendar's. Waiting for the customer is in both.
-- 2. A resolution without a reply, and a reply after it, stay as they are; a time before the opening
--    gives no minutes (has_times_out_of_order), nor does a solution that may have come earlier.
with ticket_histories as (
    select * from {{ ref('int_ticket_histories') }}
),

ticket_spans as (
    select * from {{ ref('int_ticket_spans') }}
),

clock as (
    select * from {{ ref('int_support_clock') }}
),

last_spans as (
    select
        ticket_id,
        ends = starts as is_waiting,
        seconds_before + ends - starts as run_seconds
    from ticket_spans
    where is_last
),

measured as (
    select
        ticket_histories.*,
        coalesce(ticket_histories.solved, ticket_histories.now_seconds) as ended,
        {{ open_seconds('at_opening', 'ticket_histories.opened') }} as open_at_opening,
        {{ open_seconds('at_reply', 'ticket_histories.replied') }} as open_at_reply,
        {{ open_seconds('at_solution', 'ticket_histories.solved') }} as open_at_solution,
        {{ open_seconds('at_end', 'ticket_histories.now_seconds') }} as open_now
    from ticket_histories
    {{ clock_join('at_opening', 'ticket_histories.schedule', 'ticket_histories.opened') }}
    {{ clock_join('at_reply', 'ticket_histories.schedule', 'ticket_histories.replied') }}
    {{ clock_join('at_solution', 'ticket_histories.schedule', 'ticket_histories.solved') }}
    {{ clock_join('at_end', 'ticket_histories.schedule', 'ticket_histories.now_seconds') }}
),

support_tickets as (
    select
        measured.ticket_id,
        measured.customer_id,
        measured.team,
        measured.agent,
        measured.channel,
        measured.priority,
        measured.topic,
        measured.schedule,
        case
            when measured.solved is not null then 'resolved'
            when measured.now_seconds is null then 'unknown'
            when coalesce(last_spans.is_waiting, false) then 'waiting'
            else 'open'
        end as status,
        measured.solved is null and measured.now_seconds is not null as is_open,
        if(measured.is_reply_unknown, null, measured.replied is not null) as has_reply,
        measured.has_times_out_of_order,
        measured.is_solution_time_unknown,
        measured.reopened_count,
        measured.team_count,
        measured.handle_minutes,
        measured.satisfaction_score,
        case
            when measured.replied >= measured.opened
                then (measured.replied - measured.opened) / 60.0
        end as first_reply_minutes,
        case
            when measured.replied >= measured.opened
                then (measured.open_at_reply - measured.open_at_opening) / 60.0
        end as first_reply_business_minutes,
        case
            when
                measured.solved >= measured.opened
                and measured.is_solution_time_unknown is not true
                then (measured.solved - measured.opened) / 60.0
        end as resolution_minutes,
        case
            when
                measured.solved >= measured.opened
                and measured.is_solution_time_unknown is not true
                then (measured.open_at_solution - measured.open_at_opening) / 60.0
        end as resolution_business_minutes,
        case
            when
                not measured.has_times_out_of_order
                and measured.is_solution_time_unknown is not true
                and measured.is_clock_unknown is not true
                then (measured.ended - measured.opened - last_spans.run_seconds) / 60.0
        end as waiting_minutes,
        case when measured.solved is null then (measured.now_seconds - measured.opened) / 60.0 end
            as age_minutes,
        case
            when measured.solved is null
                then (measured.open_now - measured.open_at_opening) / 60.0
        end as age_business_minutes,
        {{ shop_day('measured.opened_at') }} as opened_on,
        measured.opened_at,
        measured.first_replied_at,
        measured.resolved_at,
        as_of.as_of_date
    from measured
    left join last_spans on measured.ticket_id = last_spans.ticket_id
    cross join {{ ref('int_as_of') }} as as_of
)

select * from support_tickets
