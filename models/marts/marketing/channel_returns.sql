-- 1. What a channel caused is shared over months by its touches; a channel without touches by its
--    contributions in the mix.
-- 2. Returns are on revenue: 0 means that the spend came back, -1 that nothing did. Without spend
--    there is no return.
-- 3. The marginal return is what one more unit of money would have brought at the month's spend, by
--    the response curves of the mix.
with months as (
    select * from {{ ref('int_channel_months') }}
),

increments as (
    select * from {{ ref('channel_increments') }}
),

attribution as (
    select * from {{ ref('attribution') }}
),

methods as (
    select * from {{ ref('attribution_methods') }}
    where is_default
),

draws as (
    select * from {{ ref('mix_draws') }}
    where draw > 0 and is_paid
),

credited as (
    select attribution.*
    from attribution
    inner join methods on attribution.method = methods.method
),

weighed as (
    select
        *,
        spend_amount / (date_diff('day', month, cast(month + interval 1 month as date)) / 7.0)
            as weekly_spend,
        case
            when all_touch_count > 0 then cast(touch_count as double) / all_touch_count
            when all_contribution > 0 then contribution / all_contribution
        end as month_share
    from months
),

marginal as (
    select
        weighed.month,
        weighed.channel,
        sum(draws.coefficient * draws.half_media / pow(weighed.weekly_spend + draws.half_media, 2))
        / count(*) - 1 as marginal_roi,
        quantile_cont(
            draws.coefficient * draws.half_media / pow(weighed.weekly_spend + draws.half_media, 2),
            0.1
        ) - 1 as marginal_roi_lower,
        quantile_cont(
            draws.coefficient * draws.half_media / pow(weighed.weekly_spend + draws.half_media, 2),
            0.9
        ) - 1 as marginal_roi_upper
    from weighed
    inner join draws on weighed.channel = draws.channel
    where weighed.spend_amount > 0
    group by weighed.month, weighed.channel
),

channel_returns as (
    select
        weighed.month,
        weighed.channel,
        increments.evidence,
        increments.status,
        cast(weighed.spend_amount as double) as spend_amount,
        cast(weighed.touch_count as bigint) as touch_count,
        coalesce(credited.orders, 0) as credited_orders,
        coalesce(credited.revenue, 0) as credited_revenue,
        {% for end in ['', '_lower', '_upper'] -%}
        cast(increments.caused_revenue{{ end }} * weighed.month_share as double)
            as caused_revenue{{ end }},
        {% endfor -%}
        {% for end in ['', '_lower', '_upper'] -%}
        cast(
            increments.caused_revenue{{ end }} * weighed.month_share
            / nullif(weighed.spend_amount, 0) - 1 as double
        ) as roi{{ end }},
        {% endfor -%}
        cast(marginal.marginal_roi as double) as marginal_roi,
        cast(least(marginal.marginal_roi_lower, marginal.marginal_roi) as double)
            as marginal_roi_lower,
        cast(greatest(marginal.marginal_roi_upper, marginal.marginal_roi) as double)
            as marginal_roi_upper
    from weighed
    inner join increments on weighed.channel = increments.channel
    left join credited on weighed.month = credited.month and weighed.channel = credited.channel
    left join marginal on weighed.month = marginal.month and weighed.channel = marginal.channel
)

select * from channel_returns
