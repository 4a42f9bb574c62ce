{#
    The delivery score, 0 to 100: on-time rate in percent, speed and complaints, weighted
    (seeds/rules/deliveries/delivery_score_parts.csv). The speed part falls from 100 at 0 days to 0 at its limit,
    the complaint part from 100 at none to 0 at its limit; neither falls below 0.
    Where complaints are unknown the other parts weigh for them. Null without a time to deliver.
    on_time_rate: 0 to 1; a query that calls it joins `score_parts`, whose columns are those of
    `delivery_score_parts_in_a_row`.
#}
{% macro delivery_score(on_time_rate, average_delivery_days, complaint_count) -%}
    case
        when {{ average_delivery_days }} is not null
            then round(
                (
                    score_parts.on_time_weight * {{ on_time_rate }} * 100
                    + score_parts.speed_weight
                    * greatest(0, 1 - {{ average_delivery_days }} / score_parts.speed_limit_days)
                    * 100
                    + case
                        when {{ complaint_count }} is null then 0
                        else
                            score_parts.complaint_weight
                            * greatest(0, 1 - {{ complaint_count }} / score_parts.complaint_limit)
                            * 100
                    end
                )
                / (
                    score_parts.on_time_weight
                    + score_parts.speed_weight
                    + case
                        when {{ complaint_count }} is null then 0
                        else score_parts.complaint_weight
                    end
                ),
                6
            )
    end
{%- endmacro %}

{# Weights and limits of the parts as columns of one row. #}
{% macro delivery_score_parts_in_a_row() -%}
    max(weight) filter (part = 'on_time') as on_time_weight,
    max(weight) filter (part = 'speed') as speed_weight,
    max(zero_at) filter (part = 'speed') as speed_limit_days,
    max(weight) filter (part = 'complaints') as complaint_weight,
    max(zero_at) filter (part = 'complaints') as complaint_limit
{%- endmacro %}
