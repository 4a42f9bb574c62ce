-- Revenue that a campaign caused, at the upper end of its interval, over what it cost.
with campaigns as (
    select * from {{ ref('campaign_performance') }}
    where caused_revenue is not null and cost > 0 and is_over
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

campaign_return_at_best as (
    select
        'campaign_return_at_best' as signal,
        'campaign' as entity_type,
        campaigns.campaign as entity,
        campaigns.campaign as name,
        cast(null as varchar) as subject,
        campaigns.caused_revenue_upper / campaigns.cost as value,
        greatest(campaigns.caused_revenue / campaigns.cost, 0) as figure,
        cast(null as double) as usual_value,
        campaigns.reached_count as item_count,
        greatest(campaigns.cost - campaigns.caused_revenue, 0) as value_at_stake,
        as_of.as_of_date as period
    from campaigns
    cross join as_of
    where campaigns.ends_on > as_of.as_of_date - interval 12 month
)

select * from campaign_return_at_best
