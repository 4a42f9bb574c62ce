-- How scores are spread in this build, and what the published file remembers of builds before.
-- 1. Chances are binned by tenths, those of an order by twentieths, amounts by half-steps of doubling.
-- 2. Of builds of this shop, whose data begin on the same day, those of earlier days are remembered:
--    a build repeated on its day replaces what it said.
{%- set tenths =
    "'from ' || cast(cast(least(floor(10 * chance), 9) / 10 as decimal(4, 1)) as varchar)" %}
{%- set twentieths = "'from ' || cast(cast(floor(20 * chance) / 20 as decimal(4, 2)) as varchar)" %}
{%- set doubling = "power(2, floor(2 * log2(1 + expected_value)) / 2) - 1" %}
{%- set scores = [
    ('customer_churn_risks', 'no_purchase_probability', 'is_shown',
        tenths | replace('chance', 'no_purchase_probability')),
    ('customer_lifetime_values', 'expected_value', 'horizon_months = ' ~ var('shown_value_months'),
        "case when expected_value < 0 then 'below 0' else 'from ' || cast(cast(round("
        ~ doubling ~ ") as bigint) as varchar) end"),
    ('customer_rfm', 'segment', 'true', 'segment'),
    ('conversion_scores', 'order_probability', 'true',
        twentieths | replace('chance', 'order_probability')),
    ('next_purchases', 'purchase_probability_30_days', 'true',
        tenths | replace('chance', 'purchase_probability_30_days')),
] %}
with as_of as (
    select * from {{ ref('int_as_of') }}
    where as_of_date is not null
),

memory as (
    select * from {{ source('load', 'memory_scores') }}
),

counted as (
    {% for mart, score, condition, bin in scores -%}
    select
        '{{ mart }}' as mart,
        '{{ score }}' as score,
        {{ bin }} as bin,
        max(method) as method,
        count(*) as case_count
    from {{ ref(mart) }}
    where {{ condition }} and {{ score }} is not null
    group by bin
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

current_scores as (
    select
        mart,
        score,
        max(method) as method,
        '{' || string_agg('"' || bin || '": ' || cast(case_count as varchar), ', ' order by bin)
        || '}' as bins
    from counted
    group by mart, score
)
{% set kept = [
    'status', 'method_before', 'psi', 'psi_limit', 'p_value', 'q_value', 'moved_bin', 'share_before',
    'share_now', 'bin_count', 'case_count', 'reference_count', 'reference_on'
] %}
select
    current_scores.mart,
    current_scores.score,
    current_scores.method,
    current_scores.bins,
    true as is_current,
    {% for column in kept -%}
    null as {{ column }},
    {% endfor -%}
    coalesce(as_of.first_event_on, as_of.as_of_date) as history_from,
    as_of.as_of_date
from current_scores
cross join as_of
union all
select
    memory.mart,
    memory.score,
    memory.method,
    memory.bins,
    false as is_current,
    {% for column in kept -%}
    memory.{{ column }},
    {% endfor -%}
    memory.history_from,
    memory.as_of_date
from memory
inner join as_of
    on memory.history_from = as_of.first_event_on and memory.as_of_date < as_of.as_of_date
