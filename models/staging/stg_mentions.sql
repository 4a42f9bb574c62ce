with base as (
    select * from {{ ref('base_mentions') }}
),

kept_rows as (
    select
        source,
        positive_count,
        negative_count,
        neutral_count,
        mentioned_on,
        row_number
    from base
    where row_status = 'kept'
)

select * from kept_rows
