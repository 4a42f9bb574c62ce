with source as (
    select * from {{ source('raw', 'ad_spend') }}
),

cast_rows as (
    select
        row_number,
        channel,
        campaign,
        {{ as_decimal('spend_amount') }} as spend_amount,
        {{ as_count('impressions') }} as impressions,
        {{ as_count('clicks') }} as clicks,
        {{ as_date('spent_on') }} as spent_on,
        {{ reasons([
            faults('spent_on', 'date', required=true, event=true),
            faults('channel', required=true),
            faults('spend_amount', 'decimal', required=true, minimum=0),
            faults('impressions', 'count', minimum=0),
            faults('clicks', 'count', minimum=0),
        ]) }} as reasons
    from source
),

{{ judged() }}
