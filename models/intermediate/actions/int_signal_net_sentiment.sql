-- A month with fewer mentions than `fewest_cases` (seeds/rules/actions/action_settings.csv) says nothing.
with newest as (
    {{ covered_last_month('mentions') }}
),

settings as (
    {{ in_a_row(ref('action_settings'), 'setting', ['fewest_cases']) }}
),

months as (
    select
        sentiment.*,
        round(
            avg(sentiment.net_sentiment) over (
                partition by sentiment.dimension, sentiment.entity
                order by sentiment.month
                range between interval 12 months preceding and interval 1 month preceding
            ),
            9
        ) as usual_net_sentiment
    from {{ ref('sentiment') }} as sentiment
),

net_sentiment as (
    select
        'net_sentiment' as signal,
        months.dimension as entity_type,
        months.entity,
        case when months.dimension <> 'all' then months.entity end as name,
        cast(null as varchar) as subject,
        months.net_sentiment as value,
        months.net_sentiment as figure,
        months.usual_net_sentiment as usual_value,
        months.mention_count as item_count,
        cast(null as double) as value_at_stake,
        months.month as period
    from months
    inner join newest on months.month = newest.month
    inner join settings on months.mention_count >= settings.fewest_cases
)

select * from net_sentiment
where value is not null
