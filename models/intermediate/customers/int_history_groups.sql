with histories as (
    select * from {{ ref('customer_histories') }}
),

history_groups as (
    select
        purpose,
        frequency_bin,
        gap_bin,
        age_bin,
        resolution,
        avg(frequency) as frequency,
        avg(recency_days) as recency_days,
        avg(age_days) as age_days,
        count(*) as customer_count
    from histories
    group by purpose, frequency_bin, gap_bin, age_bin, resolution
)

select * from history_groups
