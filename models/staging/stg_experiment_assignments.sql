with base as (
    select * from {{ ref('base_experiment_assignments') }}
),

kept_rows as (
    select
        experiment_id,
        customer_id,
        variant,
        assigned_at,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
