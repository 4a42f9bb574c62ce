-- 1. A request counts whether or not its text was taken.
-- 2. The cost is known where tokens and prices of every request are: less would be too little.
with usage as (
    select * from {{ kept('llm_usage') }}
),

priced as (
    select
        *,
        cast(date_trunc('month', {{ shop_day('made_at') }}) as date) as month,
        (input_tokens * cast(input_price as double) + output_tokens * cast(output_price as double))
        / 1000000 as cost
    from usage
),

llm_usage as (
    select
        model,
        count(*) as request_count,
        count(*) filter (outcome = 'refused') as refused_count,
        case when count(input_tokens) = count(*) then cast(sum(input_tokens) as bigint) end
            as input_tokens,
        case when count(output_tokens) = count(*) then cast(sum(output_tokens) as bigint) end
            as output_tokens,
        -- as decimals: the last digits of a sum of doubles depend on their order
        case when count(cost) = count(*) then {{ decimal_sum('cost', digits=12) }} end
            as cost,
        month
    from priced
    group by model, month
)

select * from llm_usage
