-- The media mix is fitted by mix_draws (src/retail_analytics/marketing/mix.py).
-- The interval of a channel that does nothing in a tenth of the draws or more begins at 0.
with draws as (
    select * from {{ ref('mix_draws') }}
),

heads as (
    select * from draws
    where draw = 0
),

summed as (
    select
        channel,
        sum(carry_over) / count(*) as carry_over,
        quantile_cont(carry_over, 0.1) as carry_over_lower,
        quantile_cont(carry_over, 0.9) as carry_over_upper,
        -- on the grid half-saturations double: a geometric mean is their middle
        exp(sum(ln(half_saturation)) / count(*)) as half_saturation,
        quantile_cont(half_saturation, 0.1) as half_saturation_lower,
        quantile_cont(half_saturation, 0.9) as half_saturation_upper,
        sum(coefficient) / count(*) as coefficient,
        quantile_cont(coefficient, 0.1) as coefficient_lower,
        quantile_cont(coefficient, 0.9) as coefficient_upper,
        sum(contribution) / count(*) as contribution,
        quantile_cont(contribution, 0.1) as contribution_lower,
        quantile_cont(contribution, 0.9) as contribution_upper,
        sum(share_of_sales) / count(*) as share_of_sales,
        count(*) filter (share_of_sales > 0) / count(*) as effect_probability
    from draws
    where draw > 0
    group by channel
)

select
    heads.channel,
    heads.status,
    heads.reason,
    heads.is_paid,
    heads.week_count,
    heads.noise_share,
    heads.mean_media,
    {% for column in ['carry_over', 'half_saturation', 'coefficient', 'contribution'] -%}
    cast(summed.{{ column }} as double) as {{ column }},
    least(cast(summed.{{ column }}_lower as double), summed.{{ column }}) as {{ column }}_lower,
    greatest(cast(summed.{{ column }}_upper as double), summed.{{ column }}) as {{ column }}_upper,
    {% endfor -%}
    cast(summed.share_of_sales as double) as share_of_sales,
    cast(summed.effect_probability as double) as effect_probability
from heads
left join summed on heads.channel = summed.channel
