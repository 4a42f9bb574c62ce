-- The change of the margin at the upper end of its interval, where even that is a loss. Of several steps
-- of a category the one that costs most is told.
with effects as (
    select * from {{ ref('discount_effects') }}
    where level = 'category' and verdict = 'does_not_pay'
    qualify row_number() over (partition by category order by margin_change, minimum_discount) = 1
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

discount_margin as (
    select
        'discount_margin' as signal,
        'category' as entity_type,
        effects.category as entity,
        effects.category as name,
        cast(cast(round(100 * effects.mean_discount) as integer) as varchar) || ' %' as subject,
        effects.margin_change_upper as value,
        0 - effects.margin_change as figure,
        cast(null as double) as usual_value,
        effects.week_count as item_count,
        cast(null as double) as value_at_stake,
        as_of.as_of_date as period
    from effects
    cross join as_of
)

select * from discount_margin
