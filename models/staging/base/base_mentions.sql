with source as (
    select * from {{ source('raw', 'mentions') }}
),

cast_rows as (
    select
        row_number,
        source,
        {{ as_count('positive_count') }} as positive_count,
        {{ as_count('negative_count') }} as negative_count,
        {{ as_count('neutral_count') }} as neutral_count,
        {{ as_date('mentioned_on') }} as mentioned_on,
        {{ reasons([
            faults('mentioned_on', 'date', required=true, event=true),
            faults('positive_count', 'count', required=true, minimum=0),
            faults('negative_count', 'count', required=true, minimum=0),
            faults('neutral_count', 'count', required=true, minimum=0),
        ]) }} as reasons
    from source
),

{{ judged() }}
