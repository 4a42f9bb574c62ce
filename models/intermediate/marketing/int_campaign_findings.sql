-- The best evidence there is of each campaign, and what keeps it from being an effect.
-- 1. A hold-out by lot comes before difference in differences; the naive difference is to all customers
--    who were not reached.
-- 2. There is no effect without an audience, with everybody reached, too few on a side, another trend
--    before the campaign, or most of the audience reached by other campaigns in the same days.
with windows as (
    select * from {{ ref('int_campaign_windows') }}
),

reach as (
    select * from {{ ref('int_campaign_reach') }}
),

effects as (
    select * from {{ ref('int_campaign_effects') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

spend as (
    select
        windows.campaign,
        sum(cast(ad_spend.spend_amount as double)) as spend
    from {{ kept('ad_spend') }} as ad_spend
    inner join windows
        on
            ad_spend.campaign = windows.campaign
            and ad_spend.spent_on >= windows.starts_on
            and ad_spend.spent_on <= windows.last_day
    group by windows.campaign
),

best as (
    select
        effects.*,
        of_revenue.effect as revenue_effect,
        of_revenue.variance + of_revenue.compared_variance as revenue_variance,
        coalesce(
            max(effects.naive) filter (not effects.is_by_lot)
                over (partition by effects.campaign),
            effects.naive
        ) as naive_difference
    from effects
    inner join effects as of_revenue
        on
            effects.campaign = of_revenue.campaign
            and effects.is_by_lot = of_revenue.is_by_lot
            and of_revenue.measure = 'revenue'
    where effects.measure = 'orders'
    qualify
        row_number() over (
            partition by effects.campaign
            order by case when effects.is_by_lot then 0 else 1 end
        ) = 1
),

findings as (
    select
        windows.campaign,
        windows.channel,
        case
            when reach.reached_count is null then 'no_audience'
            when best.campaign is null then 'everybody_reached'
            when
                least(best.customer_count, best.compared_count) < settings.campaign_fewest_customers
                then
                    case when best.is_by_lot then 'insufficient_data' else 'everybody_reached' end
            when best.is_by_lot then 'ok'
            when reach.overlap_share > settings.campaign_most_overlap then 'overlapping'
            when coalesce(best.has_other_trend, true) then 'trends_differ'
            else 'selected_audience'
        end as status,
        best.is_by_lot,
        windows.is_over,
        coalesce(reach.reached_count, 0) as reached_count,
        reach.opened_count,
        reach.clicked_count,
        best.compared_count,
        reach.overlap_share,
        coalesce(nullif(spend.spend, 0), cast(windows.budget as double)) as cost,
        best.baseline,
        best.effect,
        best.variance,
        best.compared_variance,
        best.revenue_effect,
        best.revenue_variance,
        best.naive_difference,
        windows.starts_on,
        windows.ends_on
    from windows
    cross join settings
    left join reach on windows.campaign = reach.campaign
    left join best on windows.campaign = best.campaign
    left join spend on windows.campaign = spend.campaign
)

select * from findings
