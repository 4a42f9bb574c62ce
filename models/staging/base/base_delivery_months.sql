-- Any day of a month stands for the month.
with source as (
    select * from {{ source('raw', 'delivery_months') }}
),

cast_rows as (
    select
        row_number,
        {{ as_decimal('average_delivery_days') }} as average_delivery_days,
        {{ as_decimal('on_time_rate_pct') }} as on_time_rate_pct,
        {{ as_count('complaint_count') }} as complaint_count,
        cast(date_trunc('month', {{ as_date('month') }}) as date) as month,
        {{ reasons([
            faults('month', 'date', required=true, event=true),
            faults('average_delivery_days', 'decimal', required=true, minimum=0),
            faults('on_time_rate_pct', 'decimal', required=true, minimum=0, maximum=100),
            faults('complaint_count', 'count', minimum=0),
        ]) }} as reasons
    from source
),

{{ judged(key=["date_trunc('month', " ~ as_date('month') ~ ')']) }}
