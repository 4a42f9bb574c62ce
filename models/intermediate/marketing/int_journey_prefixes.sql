-- A path is what journeys begin with: each counts once at every length up to five that it reaches.
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

journey_prefixes as (
    select
        path,
        path_length,
        count(*) as journey_count,
        count(*) filter (is_converted) as converted_count
    from prefixes
    group by path, path_length
)

select * from journey_prefixes
