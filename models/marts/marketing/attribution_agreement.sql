-- 1. Kendall's tau-b of the order of channels by credit; of a method with itself 1. It is null where
--    one of them gives every channel the same credit, and with fewer than two channels.
-- 2. The spread of a channel is its highest share under any method less its lowest.
with credits as (
    select * from {{ ref('int_channel_credits') }}
),

methods as (
    select * from {{ ref('attribution_methods') }}
),

spreads as (
    select
        channel,
        max(share) - min(share) as spread
    from credits
    group by channel
),

widest as (
    select
        channel as widest_channel,
        spread as widest_spread,
        count(*) over () as channel_count
    from spreads
    qualify row_number() over (order by round(spread, 12) desc, channel) = 1
),

channel_pairs as (
    select
        ones.method,
        ones.channel,
        others.channel as other_channel,
        sign(ones.share - others.share) as direction
    from credits as ones
    inner join credits as others on ones.method = others.method and ones.channel < others.channel
),

taus as (
    select
        ones.method as method_a,
        others.method as method_b,
        sum(ones.direction * others.direction)
        / nullif(sqrt(sum(abs(ones.direction)) * sum(abs(others.direction))), 0) as kendall_tau
    from channel_pairs as ones
    inner join channel_pairs as others
        on ones.channel = others.channel and ones.other_channel = others.other_channel
    group by ones.method, others.method
),

errors as (
    select
        ones.method as method_a,
        others.method as method_b,
        sqrt(sum(pow(ones.share - others.share, 2)) / count(*)) as share_rmse
    from credits as ones
    inner join credits as others on ones.channel = others.channel
    group by ones.method, others.method
),

agreement as (
    select
        errors.method_a,
        errors.method_b,
        method_a_rule.question as question_a,
        method_b_rule.question as question_b,
        widest.widest_channel,
        widest.channel_count,
        taus.kendall_tau,
        errors.share_rmse,
        widest.widest_spread
    from errors
    inner join methods as method_a_rule on errors.method_a = method_a_rule.method
    inner join methods as method_b_rule on errors.method_b = method_b_rule.method
    left join taus on errors.method_a = taus.method_a and errors.method_b = taus.method_b
    cross join widest
)

select
    method_a,
    method_b,
    question_a,
    question_b,
    widest_channel,
    channel_count,
    -- a rounded ratio, for a square root misses 1 by its last digit
    cast(round(kendall_tau, 12) as double) as kendall_tau,
    cast(round(share_rmse, 12) as double) as share_rmse,
    cast(widest_spread as double) as widest_spread
from agreement
