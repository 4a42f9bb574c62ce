-- The media mix is fitted by mix_draws (src/retail_analytics/marketing/mix.py).
-- 1. A curve runs from nothing to twice of today's spend; multiple 1 is today.
-- 2. Beyond what was ever in the market (stock of spend, weeks before included) it is a guess by the
--    shape of the curve, and marked as extrapolated.
with draws as (
    select * from {{ ref('mix_draws') }}
),

current_spend as (
    select * from {{ ref('int_current_spend') }}
),

heads as (
    select * from draws
    where draw = 0 and is_paid and status = 'ok'
),

steps as (
    select unnest(generate_series(0, 20)) as step
),

points as (
    select
        heads.channel,
        steps.step,
        steps.step / 10.0 as spend_multiple,
        current_spend.weekly_spend * steps.step / 10.0 as weekly_spend,
        heads.lowest_stock,
        heads.highest_stock
    from heads
    inner join current_spend on heads.channel = current_spend.channel
    cross join steps
),

answered as (
    select
        points.channel,
        points.step,
        draws.coefficient * points.weekly_spend
        / nullif(points.weekly_spend + draws.half_media, 0) as response,
        draws.coefficient * draws.half_media
        / nullif(pow(points.weekly_spend + draws.half_media, 2), 0) as marginal_response
    from points
    inner join draws on points.channel = draws.channel and draws.draw > 0
),

curves as (
    select
        channel,
        step,
        sum(response) / count(*) as response,
        quantile_cont(response, 0.1) as response_lower,
        quantile_cont(response, 0.9) as response_upper,
        sum(marginal_response) / count(*) as marginal_response,
        quantile_cont(marginal_response, 0.1) as marginal_response_lower,
        quantile_cont(marginal_response, 0.9) as marginal_response_upper
    from answered
    group by channel, step
),

response_curves as (
    select
        points.channel,
        points.spend_multiple,
        points.step = 10 as is_current,
        points.weekly_spend < points.lowest_stock or points.weekly_spend > points.highest_stock
            as is_extrapolated,
        points.weekly_spend,
        curves.response,
        curves.response_lower,
        curves.response_upper,
        curves.marginal_response,
        curves.marginal_response_lower,
        curves.marginal_response_upper
    from points
    inner join curves on points.channel = curves.channel and points.step = curves.step
)

select
    channel,
    cast(spend_multiple as double) as spend_multiple,
    is_current,
    is_extrapolated,
    cast(weekly_spend as double) as weekly_spend,
    {% for column in ['response', 'marginal_response'] -%}
    cast({{ column }} as double) as {{ column }},
    least({{ column }}_lower, {{ column }}) as {{ column }}_lower,
    greatest({{ column }}_upper, {{ column }}) as {{ column }}_upper
    {%- if not loop.last %},{% endif %}
    {% endfor %}
from response_curves
