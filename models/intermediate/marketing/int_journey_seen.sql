-- Touches of journeys that are over, by their channel and the channels seen before in the journey.
with touchpoints as (
    select * from {{ ref('touchpoints') }}
),

journeys as (
    select * from {{ ref('journeys') }}
    where not is_open
),

first_seen as (
    select
        journey_id,
        channel,
        min(position) as first_position
    from touchpoints
    group by journey_id, channel
),

touches as (
    select
        touchpoints.touchpoint_id,
        touchpoints.journey_id,
        touchpoints.channel,
        touchpoints.position,
        journeys.is_converted and touchpoints.position = journeys.touch_count as is_followed
    from touchpoints
    inner join journeys on touchpoints.journey_id = journeys.journey_id
),

seen_before as (
    select
        touches.touchpoint_id,
        touches.channel,
        touches.is_followed,
        coalesce(
            string_agg(first_seen.channel, ' + ' order by first_seen.channel), ''
        ) as earlier_set
    from touches
    left join first_seen
        on
            touches.journey_id = first_seen.journey_id
            and touches.position > first_seen.first_position
    group by touches.touchpoint_id, touches.channel, touches.is_followed
),

journey_seen as (
    select
        channel,
        earlier_set,
        count(*) as touch_count,
        count(*) filter (is_followed) as order_count
    from seen_before
    group by channel, earlier_set
)

select * from journey_seen
