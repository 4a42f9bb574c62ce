-- 1. By lot: what those shown ordered beyond those held out, less what their orders before foretell
--    (CUPED, Deng and others 2013: slope theta within arms).
-- 2. Without lot: difference in differences, which is theta = 1: the change of those reached less the
--    change of the others. The same for the days before must show nothing (placebo).
-- 3. The naive difference takes nothing off (theta = 0).
-- 4. Sides that differ before by what chance does once in a thousand times were not drawn by lot.
with arms as (
    select * from {{ ref('int_campaign_arms') }}
),

means as (
    select
        campaign,
        side,
        measure,
        n,
        margin_known_share,
        y / n as y,
        x / n as x,
        yy - y * y / n as yy,
        xx - x * x / n as xx,
        xy - x * y / n as xy,
        change_before / n as change_before,
        (change_before_squares - pow(change_before, 2) / n) / nullif(n - 1, 0) / n
            as change_before_variance
    from arms
),

pairs as (
    select
        treated.*,
        treated.side = 'shown' as is_by_lot,
        compared.n as compared_n,
        compared.y as compared_y,
        compared.x as compared_x,
        compared.yy as compared_yy,
        compared.xx as compared_xx,
        compared.xy as compared_xy,
        least(treated.margin_known_share, compared.margin_known_share) as known_share,
        abs(treated.x - compared.x)
        > 3.29 * sqrt(
            (treated.xx + compared.xx) / nullif(treated.n + compared.n - 2, 0)
            * (1.0 / treated.n + 1.0 / compared.n)
        ) as is_unbalanced,
        abs(treated.change_before - compared.change_before)
        > 1.96 * sqrt(treated.change_before_variance + compared.change_before_variance)
            as has_other_trend,
        case
            when treated.side = 'reached' then 1
            else coalesce((treated.xy + compared.xy) / nullif(treated.xx + compared.xx, 0), 0)
        end as theta
    from means as treated
    inner join means as compared
        on
            treated.campaign = compared.campaign
            and treated.measure = compared.measure
            and (
                (treated.side = 'shown' and compared.side = 'held_out')
                or (treated.side = 'reached' and compared.side = 'others')
            )
),

effects as (
    select
        campaign,
        is_by_lot,
        measure,
        n as customer_count,
        compared_n as compared_count,
        y - compared_y as naive,
        has_other_trend,
        coalesce(is_unbalanced, false) as is_unbalanced,
        known_share as margin_known_share,
        compared_y - theta * (compared_x - x) as baseline,
        y - compared_y - theta * (x - compared_x) as effect,
        -- of the mean of those reached, and of the others
        greatest(yy - 2 * theta * xy + theta * theta * xx, 0) / nullif(n - 1, 0) / n
            as variance,
        greatest(compared_yy - 2 * theta * compared_xy + theta * theta * compared_xx, 0)
        / nullif(compared_n - 1, 0) / compared_n as compared_variance
    from pairs
)

select * from effects
