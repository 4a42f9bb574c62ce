with source as (
    select * from {{ source('raw', 'experiment_assignments') }}
),

cast_rows as (
    select
        row_number,
        experiment_id,
        customer_id,
        variant,
        {{ as_timestamp('assigned_at') }} as assigned_at,
        {{ reasons([
            faults('experiment_id', required=true),
            faults('customer_id', required=true),
            faults('variant', required=true),
            faults('assigned_at', 'timestamp', required=true, event=true),
        ]) }} as reasons
    from source
),

{{ judged(key=['experiment_id', 'customer_id'], newest='assigned_at') }}
