-- Whom a campaign reached, and how many of them another one reached in its days.
with windows as (
    select * from {{ ref('int_campaign_windows') }}
),

audience as (
    select * from {{ ref('int_campaign_audience') }}
),

reached as (
    select
        audience.*,
        windows.starts_on,
        windows.last_day
    from audience
    inner join windows on audience.campaign = windows.campaign
    where not audience.is_held_out
),

shared as (
    select distinct
        reached.campaign,
        reached.customer_id
    from reached
    inner join reached as others
        on
            reached.customer_id = others.customer_id
            and reached.campaign <> others.campaign
            and reached.starts_on <= others.last_day
            and reached.last_day >= others.starts_on
),

campaign_reach as (
    select
        reached.campaign,
        count(*) as reached_count,
        count(shared.customer_id) / cast(count(*) as double) as overlap_share,
        case when bool_or(reached.has_types) then count(*) filter (reached.has_opened) end
            as opened_count,
        case when bool_or(reached.has_types) then count(*) filter (reached.has_clicked) end
            as clicked_count
    from reached
    left join shared
        on
            reached.campaign = shared.campaign
            and reached.customer_id = shared.customer_id
    group by reached.campaign
)

select * from campaign_reach
