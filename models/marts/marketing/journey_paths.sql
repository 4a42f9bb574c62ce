-- 1. A path is what journeys begin with: each counts once at every length up to five that it
--    reaches.
-- 2. A dead end is a path whose journeys end in an order less often than all, beyond doubt: the
--    upper end of its interval lies below the rate of all.
with beginnings as (
    select * from {{ ref('int_journey_beginnings') }}
),

prefixes as (
    {% for length in range(1, 6) -%}
    select
        concat_ws(
            ' > ',
            {% for position in range(1, length + 1) -%}
            channel_{{ position }}{% if not loop.last %}, {% endif %}
            {%- endfor %}
        ) as path,
        {{ length }} as path_length,
        is_converted
    from beginnings
    where channel_{{ length }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

base_rate as (
    select count(*) filter (is_converted) / nullif(count(*), 0) as rate
    from beginnings
),

counted as (
    select
        path,
        path_length,
        count(*) as journey_count,
        count(*) filter (is_converted) as converted_count
    from prefixes
    group by path, path_length
),

rated as (
    select
        counted.*,
        counted.converted_count / counted.journey_count as conversion_rate,
        {{ wilson_lower('counted.converted_count', 'counted.journey_count') }}
            as conversion_rate_lower,
        {{ wilson_upper('counted.converted_count', 'counted.journey_count') }}
            as conversion_rate_upper,
        base_rate.rate as base_conversion_rate
    from counted
    cross join base_rate
)

select
    path,
    cast(path_length as bigint) as path_length,
    conversion_rate_upper < base_conversion_rate as is_dead_end,
    journey_count,
    converted_count,
    cast(conversion_rate as double) as conversion_rate,
    cast(conversion_rate_lower as double) as conversion_rate_lower,
    cast(conversion_rate_upper as double) as conversion_rate_upper,
    cast(base_conversion_rate as double) as base_conversion_rate
from rated
