-- Touches in the window before each day that conversion is looked at, by who can still buy by name.
-- 1. Today every customer is looked at; past days, a week apart, have a sample, the first by the
--    hash of their ids. On a past day the days ahead are over.
-- 2. Nothing that happens after the end of the day is looked at.
with as_of as (
    select * from {{ ref('int_as_of') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

touchpoints as (
    select * from {{ ref('touchpoints') }}
),

numbers as (
    select unnest(generate_series(0, cast(conversion_cut_offs as bigint))) as cut_off_number
    from settings
),

cut_offs as (
    select
        numbers.cut_off_number = 0 as is_current,
        as_of.as_of_date
        - cast(numbers.cut_off_number * settings.conversion_days as integer) as as_of_date,
        cast(settings.conversion_touch_days as integer) as touch_days
    from numbers
    cross join as_of
    cross join settings
    where as_of.as_of_date is not null
),

customers as (
    select distinct customer_id
    from touchpoints
    where not is_guest
),

numbered as (
    select
        customer_id,
        row_number() over (order by md5(customer_id), customer_id) as sample_number
    from customers
),

conversion_touches as (
    select
        cut_offs.as_of_date,
        cut_offs.is_current,
        touchpoints.customer_id,
        touchpoints.touchpoint_id,
        touchpoints.channel,
        touchpoints.device,
        touchpoints.region,
        touchpoints.touched_at
    from touchpoints
    inner join numbered on touchpoints.customer_id = numbered.customer_id
    cross join settings
    inner join cut_offs
        on
            {{ shop_day('touchpoints.touched_at') }} <= cut_offs.as_of_date
            and {{ shop_day('touchpoints.touched_at') }} > cut_offs.as_of_date - cut_offs.touch_days
            and (
                cut_offs.is_current
                or numbered.sample_number <= settings.conversion_training_customers
            )
)

select * from conversion_touches
