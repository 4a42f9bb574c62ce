-- What a channel caused in the year before, at the upper end of its interval, over what it cost; where
-- its effect is known or known to be none.
with returns as (
    select * from {{ ref('channel_returns') }}
    where status in ('ok', 'no_evidence') and spend_amount > 0
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

channels as (
    select
        returns.channel,
        {{ decimal_sum('returns.caused_revenue_upper') }} as caused_at_best,
        {{ decimal_sum('returns.caused_revenue') }} as caused_revenue,
        {{ decimal_sum('returns.spend_amount') }} as spend_amount,
        count(*) as month_count,
        max(as_of.as_of_date) as as_of_date
    from returns
    cross join as_of
    where returns.month > as_of.as_of_date - interval 12 month
    group by returns.channel
),

channel_return_at_best as (
    select
        'channel_return_at_best' as signal,
        'channel' as entity_type,
        channels.channel as entity,
        channels.channel as name,
        cast(null as varchar) as subject,
        channels.caused_at_best / channels.spend_amount as value,
        greatest(channels.caused_revenue / channels.spend_amount, 0) as figure,
        cast(null as double) as usual_value,
        channels.month_count as item_count,
        greatest(channels.spend_amount - channels.caused_revenue, 0) as value_at_stake,
        channels.as_of_date as period
    from channels
)

select * from channel_return_at_best
where value is not null
