-- experiment_units, its input and experiment_results agree: a unit per customer and experiment, and
-- every unit that counts is in the comparisons of orders.
with assignments as (
    select * from {{ ref('int_experiment_assignments') }}
),

units as (
    select * from {{ ref('experiment_units') }}
),

results as (
    select * from {{ ref('experiment_results') }}
),

assigned as (
    select
        experiment_id,
        count(distinct customer_id) as assigned_count
    from assignments
    group by experiment_id
),

counted as (
    select
        experiment_id,
        count(*) as unit_count
    from units
    group by experiment_id
),

included as (
    select
        experiment_id,
        variant,
        count(*) as included_count
    from units
    where not is_excluded
    group by experiment_id, variant
)

select
    assigned.experiment_id,
    assigned.assigned_count as expected,
    counted.unit_count as found
from assigned
left join counted on assigned.experiment_id = counted.experiment_id
where assigned.assigned_count is distinct from counted.unit_count
union all
select
    included.experiment_id,
    included.included_count as expected,
    results.unit_count as found
from included
inner join results
    on included.experiment_id = results.experiment_id and included.variant = results.variant
where
    results.metric = 'orders'
    and results.method = 'welch'
    and included.included_count <> results.unit_count
