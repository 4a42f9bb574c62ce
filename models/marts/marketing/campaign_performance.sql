-- 1. The effect is that of a hold-out by lot (status ok); without one that of difference in differences,
--    whose audience somebody selected (selected_audience).
-- 2. No effect is given without an audience, with everybody reached, too few on a side, another trend
--    before the campaign, or most of the audience reached by other campaigns in the same days.
-- 3. The naive difference stands beside an effect only: alone it would be taken for one.
-- 4. Costs are the spend under the campaign's name in its days, else its budget.
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
        of_revenue.variance + of_revenue.compared_variance as revenue_variance
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

naive_differences as (
    select
        campaign,
        naive
    from effects
    where not is_by_lot and measure = 'orders'
),

judged as (
    select
        windows.*,
        coalesce(reach.reached_count, 0) as reached_count,
        reach.opened_count,
        reach.clicked_count,
        reach.overlap_share,
        best.* exclude (campaign),
        coalesce(naive_differences.naive, best.naive) as naive_difference,
        coalesce(nullif(spend.spend, 0), cast(windows.budget as double)) as cost,
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
        end as status
    from windows
    cross join settings
    left join reach on windows.campaign = reach.campaign
    left join best on windows.campaign = best.campaign
    left join naive_differences on windows.campaign = naive_differences.campaign
    left join spend on windows.campaign = spend.campaign
),

shown as (
    select
        * exclude (effect, revenue_effect),
        case when status in ('ok', 'selected_audience') then effect end as effect,
        case when status in ('ok', 'selected_audience') then revenue_effect end as revenue_effect,
        {{ interval_z() }} * sqrt(variance + compared_variance) as error,
        {{ interval_z() }} * sqrt(revenue_variance) as revenue_error
    from judged
),

campaign_performance as (
    select
        campaign,
        channel,
        status,
        case
            when effect is not null
                then case when is_by_lot then 'hold_out' else 'before_and_after' end
        end as evidence,
        is_over,
        reached_count,
        opened_count,
        clicked_count,
        coalesce(compared_count, 0) as compared_count,
        overlap_share,
        cost,
        -- rounded, for sums over customers come in any order
        {% for sign, end in [('', ''), (' - error', '_lower'), (' + error', '_upper')] -%}
        round(case when baseline > 0 then (effect{{ sign }}) / baseline end, 6) as uplift{{ end }},
        round((effect{{ sign }}) * reached_count, 6) as caused_orders{{ end }},
        round((revenue_effect{{ sign | replace('error', 'revenue_error') }}) * reached_count, 6)
            as caused_revenue{{ end }},
        {% endfor -%}
        round(case when effect is not null then naive_difference * reached_count end, 6)
            as naive_caused_orders,
        starts_on,
        ends_on
    from shown
)

select * from campaign_performance
