-- The first five touches of journeys that are over, in columns.
with journeys as (
    select * from {{ ref('journeys') }}
    where not is_open
),

touchpoints as (
    select * from {{ ref('touchpoints') }}
    where position <= 5
),

journey_beginnings as (
    select
        touchpoints.journey_id,
        {% for position in range(1, 6) %}
        max(touchpoints.channel) filter (touchpoints.position = {{ position }})
            as channel_{{ position }},
        {% endfor %}
        bool_or(journeys.is_converted) as is_converted
    from touchpoints
    inner join journeys on touchpoints.journey_id = journeys.journey_id
    group by touchpoints.journey_id
)

select * from journey_beginnings
