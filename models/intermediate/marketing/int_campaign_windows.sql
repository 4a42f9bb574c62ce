-- A campaign that still runs is looked at until today; one that has not begun is not.
with campaigns as (
    select * from {{ kept('campaigns') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

windows as (
    select
        campaigns.campaign,
        campaigns.channel,
        campaigns.discount_rate,
        campaigns.budget,
        campaigns.starts_on,
        least(campaigns.ends_on, as_of.as_of_date) as last_day,
        campaigns.ends_on <= as_of.as_of_date as is_over,
        cast(
            date_diff('day', campaigns.starts_on, least(campaigns.ends_on, as_of.as_of_date)) + 1
            as integer
        ) as length_days,
        campaigns.ends_on
    from campaigns
    cross join as_of
    where
        campaigns.starts_on <= as_of.as_of_date
        and campaigns.starts_on <= campaigns.ends_on
)

select * from windows
