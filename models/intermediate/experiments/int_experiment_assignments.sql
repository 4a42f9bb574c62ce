-- 1. A second variant of a customer, which staging rejects as a duplicate of the key, is still seen
--    here: who was in two variants must be known to be left out.
with assignments as (
    select * from {{ ref('stg_experiment_assignments') }}
),

int_experiment_assignments as (
    select
        experiment_id,
        customer_id,
        variant,
        assigned_at
    from assignments
    where row_status = 'kept' or array_to_string(reasons, ', ') = 'duplicate_key'
)

select * from int_experiment_assignments
