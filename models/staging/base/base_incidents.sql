with source as (
    select * from {{ source('raw', 'incidents') }}
),

cast_rows as (
    select
        row_number,
        incident_id,
        description,
        warehouse,
        category,
        {{ as_count('affected_orders') }} as affected_orders,
        {{ as_date('occurred_on') }} as occurred_on,
        {{ as_timestamp('resolved_at') }} as resolved_at,
        {{ reasons([
            faults('incident_id', required=true),
            faults('occurred_on', 'date', required=true, event=true),
            faults('description', required=true),
            faults('affected_orders', 'count', required=true, minimum=0),
            faults('resolved_at', 'timestamp', event=true),
        ]) }} as reasons
    from source
),

{{ judged(key=['incident_id'], newest='occurred_on') }}
