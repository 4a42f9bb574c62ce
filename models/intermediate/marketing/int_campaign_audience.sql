-- 1. Who is in a campaign is known from an experiment of its name: those in the arm that hears nothing
--    (seeds/rules/marketing/campaign_hold_outs.csv) were held out. Who was put into both arms is in
--    neither.
-- 2. Without one it is whom a touch with its name reached in its days.
with windows as (
    select * from {{ ref('int_campaign_windows') }}
),

hold_outs as (
    select * from {{ ref('campaign_hold_outs') }}
),

assignments as (
    select * from {{ kept('experiment_assignments') }}
),

touches as (
    select * from {{ kept('touchpoints') }}
),

assigned as (
    select
        windows.campaign,
        assignments.customer_id,
        bool_or(hold_outs.variant is not null) as is_held_out
    from windows
    inner join assignments on windows.campaign = assignments.experiment_id
    left join hold_outs on lower(trim(assignments.variant)) = lower(hold_outs.variant)
    group by windows.campaign, assignments.customer_id
    having count(distinct assignments.variant) = 1
),

touched as (
    select
        windows.campaign,
        touches.customer_id,
        bool_or(touches.touch_type is not null) as has_types,
        bool_or(touches.touch_type in ('open', 'click')) as has_opened,
        bool_or(touches.touch_type = 'click') as has_clicked
    from windows
    inner join touches
        on
            windows.campaign = touches.campaign
            and {{ shop_day('touches.touched_at') }} >= windows.starts_on
            and {{ shop_day('touches.touched_at') }} <= windows.last_day
    group by windows.campaign, touches.customer_id
),

audience as (
    select
        coalesce(assigned.campaign, touched.campaign) as campaign,
        coalesce(assigned.customer_id, touched.customer_id) as customer_id,
        assigned.customer_id is not null as is_assigned,
        coalesce(assigned.is_held_out, false) as is_held_out,
        touched.customer_id is not null as is_touched,
        coalesce(touched.has_types, false) as has_types,
        coalesce(touched.has_opened, false) as has_opened,
        coalesce(touched.has_clicked, false) as has_clicked
    from assigned
    full outer join touched
        on
            assigned.campaign = touched.campaign
            and assigned.customer_id = touched.customer_id
)

select * from audience
