-- 1. Hours without a schedule are those of `default`, hours without a time zone are in the shop's own.
with hours as (
    select * from {{ ref('support_hours') }}
),

support_hours as (
    select distinct
        coalesce(schedule, 'default') as schedule,
        coalesce(
            time_zone, '{{ var('shop_time_zone') or env_var('SHOP_TIME_ZONE', '') or 'UTC' }}'
        ) as time_zone,
        iso_weekday,
        {{ seconds_of_day('opens_at') }} as opens,
        {{ seconds_of_day('closes_at') }} as closes
    from hours
)

select * from support_hours
