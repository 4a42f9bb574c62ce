-- The log odds of each customer without the level, and the three features that move it most.
with contributions as (
    select * from {{ ref('int_conversion_contributions') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id order by abs(contribution) desc, feature
        ) as driver_rank
    from contributions
),

conversion_drivers as (
    select
        customer_id,
        -- rounded, for the order of a sum moves its last digit
        round(sum(contribution), 12) as log_odds,
        {% for fold in [1, 2, 3, 4] -%}
        round(sum(spread_{{ fold }}), 12) as spread_{{ fold }},
        {% endfor -%}
        {% for rank in [1, 2, 3] -%}
        max(feature) filter (driver_rank = {{ rank }} and contribution <> 0) as driver_{{ rank }},
        max(contribution) filter (driver_rank = {{ rank }} and contribution <> 0)
            as driver_{{ rank }}_log_odds,
        {% endfor -%}
        round(sum(contribution) filter (driver_rank > 3), 12) as other_log_odds
    from ranked
    group by customer_id
)

select * from conversion_drivers
