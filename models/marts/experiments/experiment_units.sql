-- 1. A unit is assigned when it is first seen in a variant. Seen in several variants, it is left out
--    of every comparison: what it did cannot be put down to one of them.
-- 2. A unit assigned before the first or after the planned last day is left out, too.
-- 3. Exposed is a unit from the first outcome `exposure` on; many shops write none.
-- 4. Segments are those of the moment of assignment: region, and whether it had bought before. What
--    came later may be an effect of the variant.
with assignments as (
    select * from {{ ref('int_experiment_assignments') }}
),

outcomes as (
    select * from {{ kept('experiment_outcomes') }}
),

designs as (
    select * from {{ ref('int_experiment_designs') }}
),

variants as (
    select * from {{ ref('int_experiment_variants') }}
),

customers as (
    select * from {{ ref('customers') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

assigned_units as (
    select
        experiment_id,
        customer_id,
        min_by(variant, assigned_at) as variant,
        count(distinct variant) as variant_count,
        min(assigned_at) as assigned_at
    from assignments
    group by experiment_id, customer_id
),

exposed_units as (
    select
        experiment_id,
        customer_id,
        min(observed_at) as first_exposed_at
    from outcomes
    where metric = 'exposure' and value > 0
    group by experiment_id, customer_id
),

judged_units as (
    select
        assigned_units.*,
        variants.is_control,
        exposed_units.first_exposed_at,
        assigned_units.assigned_at
        + to_days(cast(designs.outcome_window_days as integer)) as window_ends_at,
        case
            when assigned_units.variant_count > 1 then 'several_variants'
            when {{ shop_day('assigned_units.assigned_at') }} < designs.starts_on
                then 'before_the_start'
            when {{ shop_day('assigned_units.assigned_at') }} > designs.ends_on then 'after_the_end'
        end as exclusion_reason
    from assigned_units
    inner join designs using (experiment_id)
    inner join variants using (experiment_id, variant)
    left join exposed_units using (experiment_id, customer_id)
),

experiment_units as (
    select
        judged_units.experiment_id,
        judged_units.customer_id,
        judged_units.variant,
        judged_units.exclusion_reason,
        coalesce(customers.region, 'unknown') as region,
        case
            when customers.first_ordered_on < {{ shop_day('judged_units.assigned_at') }}
                then 'has bought before'
            else 'new'
        end as buyer_type,
        judged_units.is_control,
        judged_units.exclusion_reason is not null as is_excluded,
        judged_units.window_ends_at <= as_of.as_of_date + interval 1 day as is_window_complete,
        judged_units.variant_count,
        judged_units.assigned_at,
        judged_units.first_exposed_at,
        judged_units.window_ends_at
    from judged_units
    left join customers on judged_units.customer_id = customers.customer_id
    cross join as_of
)

select * from experiment_units
