-- A row without a count is one complaint.
with source as (
    select * from {{ source('raw', 'complaints') }}
),

cast_rows as (
    select
        row_number,
        topic,
        order_id,
        coalesce({{ as_count('complaint_count') }}, 1) as complaint_count,
        {{ as_date('complained_on') }} as complained_on,
        {{ reasons([
            faults('complained_on', 'date', required=true, event=true),
            faults('complaint_count', 'count', minimum=0),
        ]) }} as reasons
    from source
),

{{ judged() }}
