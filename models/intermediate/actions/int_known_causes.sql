-- What is known to have disturbed the operations of a month: the incident that affected most orders
-- of those that were open in it, where it affected enough
-- (seeds/rules/actions/action_settings.csv, cause_orders).
with months as (
    select distinct
        cause,
        period
    from {{ ref('int_action_findings') }}
    where cause = 'operations' and signal <> 'incident_orders'
),

settings as (
    {{ in_a_row(ref('action_settings'), 'setting', ['cause_orders']) }}
),

known_causes as (
    select
        months.cause,
        months.period,
        incidents.description || ' (' || cast(day(incidents.occurred_on) as varchar) || ' '
        || {{ month_in_words('incidents.occurred_on') }} || ')' as known_cause,
        incidents.incident_id
    from months
    inner join {{ ref('incidents') }} as incidents
        on last_day(months.period) >= incidents.occurred_on and months.period <= incidents.ended_on
    inner join settings on incidents.affected_orders >= settings.cause_orders
    qualify
        row_number() over (
            partition by months.cause, months.period
            order by incidents.affected_orders desc, incidents.incident_id asc
        ) = 1
)

select * from known_causes
