-- 1. A capped metric's values above the cap count as the cap: the quantile of the values above zero
--    of all variants together, so that the cap does not depend on the variant.
-- 2. Values are summed as shares of the range they lie in, as decimals: so sums are the same in
--    any order and in any currency, and a large mean takes nothing from the variance.
{% set sides = {'': 'metric_value', '_before': 'value_before'} -%}
with experiment_values as (
    select * from {{ ref('int_experiment_values') }}
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
),

{% for end, value in sides.items() -%}
ranked_values{{ end }} as (
    select
        experiment_values.experiment_id,
        experiment_values.metric,
        experiment_values.{{ value }} as value,
        row_number() over by_value / cast(count(*) over of_metric as double) as value_rank,
        metrics.cap_quantile
    from experiment_values
    inner join metrics using (experiment_id, metric)
    where metrics.cap_quantile is not null and experiment_values.{{ value }} > 0
    window
        by_value as (
            partition by experiment_values.experiment_id, experiment_values.metric
            order by experiment_values.{{ value }}
        ),
        of_metric as (partition by experiment_values.experiment_id, experiment_values.metric)
),

caps{{ end }} as (
    select
        experiment_id,
        metric,
        min(value) filter (value_rank >= cap_quantile) as cap
    from ranked_values{{ end }}
    group by experiment_id, metric
),

{% endfor -%}
ranges as (
    select
        experiment_id,
        metric,
        {% for end, value in sides.items() -%}
        min({{ value }}) as lowest{{ end }},
        max({{ value }}) as highest{{ end }},
        {% endfor -%}
        max(abs(denominator)) as highest_denominator,
        count(*) filter (metric_value not in (0, 1)) = 0 as is_share
    from experiment_values
    group by experiment_id, metric
),

int_experiment_scales as (
    select
        ranges.experiment_id,
        ranges.metric,
        ranges.is_share,
        caps.cap,
        caps_before.cap as cap_before,
        {% for end in sides -%}
        case
            when metrics.missing_is = 'zero' then least(ranges.lowest{{ end }}, 0)
            else ranges.lowest{{ end }}
        end as origin{{ end }},
        {% endfor -%}
        {% for end in sides -%}
        coalesce(
            nullif(
                case
                    when metrics.missing_is = 'zero'
                        then greatest(ranges.highest{{ end }}, 0) - least(ranges.lowest{{ end }}, 0)
                    else ranges.highest{{ end }} - ranges.lowest{{ end }}
                end,
                0
            ),
            1
        ) as scale{{ end }},
        {% endfor -%}
        coalesce(nullif(ranges.highest_denominator, 0), 1) as scale_denominator
    from ranges
    inner join metrics using (experiment_id, metric)
    left join caps using (experiment_id, metric)
    left join caps_before using (experiment_id, metric)
)

select * from int_experiment_scales
