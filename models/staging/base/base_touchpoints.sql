with source as (
    select * from {{ source('raw', 'touchpoints') }}
),

cast_rows as (
    select
        row_number,
        touchpoint_id,
        customer_id,
        channel,
        campaign,
        device,
        region,
        {{ as_timestamp('touched_at') }} as touched_at,
        {{ reasons([
            faults('touchpoint_id', required=true),
            faults('customer_id', required=true),
            faults('touched_at', 'timestamp', required=true, event=true),
            faults('channel', required=true),
        ]) }} as reasons
    from source
),

{{ judged(key=['touchpoint_id'], newest='touched_at') }}
