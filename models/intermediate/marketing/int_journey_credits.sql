-- What touches of journeys with an order get under the rules that need no fit, by month and channel.
-- 1. By position the first and last touch have their weights, those between share the rest; of two
--    touches each has its part of both weights (40-20-40: half), one alone has all.
-- 2. By time decay a touch counts half when it lies a half-life earlier.
-- 3. Shapley: the game of orders won by journeys inside a coalition of channels; its value is an
--    equal split over the different channels of each journey (a, a, b: half to a).
{%- set rules = ['first', 'last', 'linear', 'position', 'time_decay', 'shapley'] %}
with touchpoints as (
    select * from {{ ref('touchpoints') }}
    where order_id is not null
),

journeys as (
    select * from {{ ref('journeys') }}
    where is_converted
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

touches as (
    select
        touchpoints.channel,
        touchpoints.journey_id,
        touchpoints.position,
        journeys.touch_count,
        journeys.channel_count,
        coalesce(journeys.revenue, 0) as revenue,
        cast(date_trunc('month', {{ shop_day('journeys.ordered_at') }}) as date) as month,
        settings.first_touch_weight,
        settings.last_touch_weight,
        pow(
            cast(2 as double),
            -touchpoints.hours_to_order / (24 * settings.time_decay_half_life_days)
        ) as freshness,
        row_number() over (
            partition by touchpoints.journey_id, touchpoints.channel order by touchpoints.position
        ) as channel_position
    from touchpoints
    inner join journeys on touchpoints.journey_id = journeys.journey_id
    cross join settings
),

weights as (
    select
        month,
        channel,
        revenue,
        cast(position = 1 as double) as first_weight,
        cast(position = touch_count as double) as last_weight,
        1.0 / touch_count as linear_weight,
        case
            when touch_count = 1 then 1.0
            when touch_count = 2 and position = 1
                then first_touch_weight / nullif(first_touch_weight + last_touch_weight, 0)
            when touch_count = 2
                then last_touch_weight / nullif(first_touch_weight + last_touch_weight, 0)
            when position = 1 then first_touch_weight
            when position = touch_count then last_touch_weight
            else (1 - first_touch_weight - last_touch_weight) / (touch_count - 2)
        end as position_weight,
        freshness / sum(freshness) over (partition by journey_id) as time_decay_weight,
        case when channel_position = 1 then 1.0 / channel_count else 0 end as shapley_weight
    from touches
),

journey_credits as (
    select
        month,
        channel,
        {% for rule in rules %}
        round({{ decimal_sum(rule ~ '_weight', digits=12) }}, 9) as {{ rule }}_orders,
        round({{ decimal_sum(rule ~ '_weight * cast(revenue as double)', digits=12) }}, 9)
            as {{ rule }}_revenue,
        {% endfor %}
        count(*) as touch_count
    from weights
    group by month, channel
)

select * from journey_credits
