-- What a campaign's best evidence is worth, and what keeps it from being an effect.
-- 1. There is no effect without an audience, with everybody reached, too few on a side, another trend
--    before the campaign, or most of the audience reached by other campaigns in the same days.
-- 2. A hold-out whose sides differed before was not drawn by lot: its audience was selected.
with windows as (
    select * from {{ ref('int_campaign_windows') }}
),

reach as (
    select * from {{ ref('int_campaign_reach') }}
),

best_effects as (
    select * from {{ ref('int_campaign_best_effects') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

spend as (
    select
        windows.campaign,
        cast(sum(ad_spend.spend_amount) as double) as spend
    from {{ kept('ad_spend') }} as ad_spend
    inner join windows
        on
            ad_spend.campaign = windows.campaign
            and ad_spend.spent_on >= windows.starts_on
            and ad_spend.spent_on <= windows.last_day
    group by windows.campaign
),

findings as (
    select
        windows.campaign,
        windows.channel,
        case
            when reach.reached_count is null then 'no_audience'
            when best_effects.campaign is null then 'everybody_reached'
            when
                least(best_effects.customer_count, best_effects.compared_count)
                < settings.campaign_fewest_customers
                then
                    case
                        when best_effects.is_by_lot then 'insufficient_data'
                        else 'everybody_reached'
                    end
            when best_effects.is_by_lot and best_effects.is_unbalanced then 'selected_audience'
            when best_effects.is_by_lot then 'ok'
            when reach.overlap_share > settings.campaign_most_overlap then 'overlapping'
            when coalesce(best_effects.has_other_trend, true) then 'trends_differ'
            else 'selected_audience'
        end as status,
        case
            when not best_effects.is_by_lot then 'before_and_after'
            when best_effects.is_unbalanced then 'hold_out'
            when not best_effects.is_unbalanced then 'randomised'
        end as evidence,
        windows.is_over,
        coalesce(reach.reached_count, 0) as reached_count,
        reach.opened_count,
        reach.clicked_count,
        best_effects.compared_count,
        reach.overlap_share,
        coalesce(nullif(spend.spend, 0), cast(windows.budget as double)) as cost,
        best_effects.baseline,
        best_effects.effect,
        best_effects.variance,
        best_effects.compared_variance,
        best_effects.revenue_effect,
        best_effects.revenue_variance,
        best_effects.margin_effect,
        best_effects.margin_variance,
        cast(windows.discount_rate as double) as discount_rate,
        best_effects.naive_difference,
        windows.starts_on,
        windows.ends_on
    from windows
    cross join settings
    left join reach on windows.campaign = reach.campaign
    left join best_effects on windows.campaign = best_effects.campaign
    left join spend on windows.campaign = spend.campaign
)

select * from findings
