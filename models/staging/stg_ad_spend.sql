with base as (
    select * from {{ ref('base_ad_spend') }}
),

kept_rows as (
    select
        channel,
        campaign,
        spend_amount,
        impressions,
        clicks,
        spent_on,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
