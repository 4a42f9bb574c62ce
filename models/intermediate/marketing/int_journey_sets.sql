-- Journeys that are over, by the set of their channels.
with touchpoints as (
    select * from {{ ref('touchpoints') }}
),

journeys as (
    select * from {{ ref('journeys') }}
    where not is_open
),

seen as (
    select distinct
        touchpoints.journey_id,
        touchpoints.channel
    from touchpoints
    inner join journeys on touchpoints.journey_id = journeys.journey_id
),

sets as (
    select
        journey_id,
        string_agg(channel, ' + ' order by channel) as channel_set
    from seen
    group by journey_id
),

journey_sets as (
    select
        sets.channel_set,
        count(*) as journey_count,
        count(*) filter (journeys.is_converted) as order_count
    from sets
    inner join journeys on sets.journey_id = journeys.journey_id
    group by sets.channel_set
)

select * from journey_sets
