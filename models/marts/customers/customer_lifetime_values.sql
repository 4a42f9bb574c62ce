-- 1. Values are those of int_customer_values, from models in src/retail_analytics/customers/clv/; who
--    has never bought has a row without a figure.
-- 2. The interval is of the future value alone; the historical value is known.
-- 3. Tiers go by expected value, equal values together (seeds/rules/customers/value_tiers.csv).
with customers as (
    select * from {{ ref('customers') }}
),

values_ahead as (
    select
        *,
        cume_dist() over (partition by horizon_months order by expected_value desc) as value_share
    from {{ ref('int_customer_values') }}
    where horizon_months is not null
),

tiers as (
    select
        tier,
        coalesce(lag(up_to_share) over (order by up_to_share), 0) as from_share,
        up_to_share
    from {{ ref('value_tiers') }}
),

horizons as (
    select unnest({{ var('clv_horizons_months') }}) as horizon_months
),

customer_lifetime_values as (
    select
        customers.customer_id,
        case when values_ahead.expected_value is not null then tiers.tier end as tier,
        values_ahead.value_basis,
        coalesce(values_ahead.method, 'none') as method,
        coalesce(values_ahead.status, 'insufficient_data') as status,
        cast(horizons.horizon_months as bigint) as horizon_months,
        cast(
            case
                when values_ahead.value_basis = 'margin' then customers.margin
                else customers.revenue
            end as decimal(18, 4)
        ) as historical_value,
        values_ahead.expected_orders,
        values_ahead.orders_lower,
        values_ahead.orders_upper,
        values_ahead.expected_value,
        values_ahead.value_lower,
        values_ahead.value_upper,
        values_ahead.p_alive,
        values_ahead.monthly_retention_rate,
        values_ahead.as_of_date
    from customers
    cross join horizons
    left join values_ahead
        on
            customers.customer_id = values_ahead.customer_id
            and horizons.horizon_months = values_ahead.horizon_months
    left join tiers
        on
            values_ahead.value_share > tiers.from_share
            and values_ahead.value_share <= tiers.up_to_share
)

select * from customer_lifetime_values
-- a lookup of one customer then reads one block of the file: an index of both columns does not help
order by customer_id, horizon_months
