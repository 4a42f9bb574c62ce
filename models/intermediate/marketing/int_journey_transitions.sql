-- Steps of journeys that are over, from the start over channels to an order or to nothing.
with journeys as (
    select * from {{ ref('journeys') }}
    where not is_open
),

touchpoints as (
    select * from {{ ref('touchpoints') }}
),

steps as (
    select
        lag(touchpoints.channel) over journey as from_channel,
        touchpoints.channel as to_channel
    from touchpoints
    inner join journeys on touchpoints.journey_id = journeys.journey_id
    window journey as (partition by touchpoints.journey_id order by touchpoints.position)
),

ends as (
    select
        last_channel,
        case when is_converted then '(order)' else '(lost)' end as outcome,
        count(*) as step_count,
        coalesce(sum(revenue), 0) as revenue
    from journeys
    group by last_channel, outcome
),

transitions as (
    select
        coalesce(from_channel, '(start)') as from_state,
        to_channel as to_state,
        count(*) as step_count,
        cast(0 as double) as value
    from steps
    group by from_state, to_state
    union all
    select
        last_channel as from_state,
        outcome as to_state,
        step_count,
        cast(revenue as double) as value
    from ends
)

select * from transitions
