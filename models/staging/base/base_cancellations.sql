-- A row without a count is one cancellation.
with source as (
    select * from {{ source('raw', 'cancellations') }}
),

cast_rows as (
    select
        row_number,
        reason,
        customer_id,
        coalesce({{ as_count('cancellation_count') }}, 1) as cancellation_count,
        {{ as_date('cancelled_on') }} as cancelled_on,
        {{ reasons([
            faults('cancelled_on', 'date', required=true, event=true),
            faults('reason', required=true),
            faults('cancellation_count', 'count', minimum=0),
        ]) }} as reasons
    from source
),

{{ judged() }}
