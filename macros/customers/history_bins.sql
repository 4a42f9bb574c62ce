{#
    The three bins of a purchase history, as `customers.clv.grouping.history_bins` has them: a bin
    is `resolution` x (time + 7 days) wide; with a resolution of 0 histories are their own bins.
    `histories` has frequency, recency_days, age_days and resolution.
#}
{% macro history_bins(histories) -%}
{%- set exact = histories ~ '.resolution = 0' -%}
{%- set step = 'nullif(' ~ histories ~ '.resolution, 0)' -%}
{%- set gap = '(' ~ histories ~ '.age_days - ' ~ histories ~ '.recency_days)' -%}
        cast(
            case
                when {{ exact }} or {{ histories }}.frequency <= 20 then {{ histories }}.frequency
                else 21 + floor(ln({{ histories }}.frequency / 20.0) / {{ step }})
            end as bigint
        ) as frequency_bin,
        {%- for time, name in [(gap, 'gap_bin'), (histories ~ '.age_days', 'age_bin')] %}
        cast(
            case
                when {{ exact }} then {{ time }}
                else floor(ln(1 + {{ time }} / 7.0) / {{ step }})
            end as bigint
        ) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}
