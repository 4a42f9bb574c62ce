-- Services are computed by capacity_options (src/retail_analytics/support/staffing.py).
-- The option that the staffing rules recommend, and people to employ for it: some are ill or away.
with options as (
    select * from {{ ref('capacity_options') }}
),

capacity_plan as (
    select
        channel,
        method,
        status,
        is_enough,
        hour_of_week,
        iso_weekday,
        hour_of_day,
        open_share,
        volume_p50,
        volume_p80,
        handle_minutes,
        agents,
        cast(ceil(agents / nullif(1 - absence_share, 0)) as bigint) as agents_to_employ,
        occupancy,
        service_level,
        service_level_without_abandonment,
        abandoned_share,
        service_target,
        within_minutes,
        patience_minutes,
        as_of_date
    from options
    where is_recommended
)

select * from capacity_plan
