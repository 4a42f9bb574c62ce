with source as (
    select * from {{ source('raw', 'customers') }}
),

cast_rows as (
    select
        row_number,
        customer_id,
        customer_name,
        email,
        region,
        {{ as_boolean('marketing_consent') }} as marketing_consent,
        {{ as_date('signed_up_on') }} as signed_up_on,
        {{ reasons([
            faults('customer_id', required=true),
            faults('signed_up_on', 'date', required=true, event=true),
            faults('marketing_consent', 'boolean'),
        ]) }} as reasons
    from source
),

{{ judged(key=['customer_id'], newest='signed_up_on') }}
