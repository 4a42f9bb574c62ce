-- 1. Expected value = discounted expected orders x expected spend an order x what spend is worth.
-- 2. Expected spend shrinks a customer's own mean to that of all (Gamma-Gamma); the first purchase,
--    often a trial, counts half.
-- 3. The interval is of the future value alone; the historical value is known.
-- 4. Tiers go by expected value, equal values together (seeds/rules/customers/value_tiers.csv).
with customers as (
    select * from {{ ref('customers') }}
),

histories as (
    select * from {{ ref('customer_histories') }}
    where purpose = 'serving'
),

scores as (
    select * from {{ ref('clv_group_scores') }}
),

spend_model as (
    select
        cast(json_extract_string(parameters, '$.p') as double) as p,
        cast(json_extract_string(parameters, '$.q') as double) as q,
        cast(json_extract_string(parameters, '$.v') as double) as v
    from {{ ref('model_fits') }}
    where purpose = 'serving' and model in ('gamma_gamma', 'shrunken_mean')
),

tiers as (
    select * from {{ ref('value_tiers') }}
),

horizons as (
    select cast(unnest({{ var('clv_horizons_months') }}) as bigint) as horizon_months
),

worths as (
    select
        histories.*,
        histories.worth_rate * spend_model.p * (
            spend_model.v
            + histories.frequency * greatest(coalesce(histories.repeat_mean_spend, 0), 0)
            + 0.5 * greatest(histories.first_spend, 0)
        ) / (spend_model.p * (histories.frequency + 0.5) + spend_model.q - 1) as order_worth
    from histories
    left join spend_model on true
),

valued as (
    select
        worths.customer_id,
        worths.as_of_date,
        worths.value_basis,
        worths.order_worth,
        scores.*,
        scores.discounted_orders * worths.order_worth as expected_value,
        cume_dist() over (
            partition by scores.horizon_months
            order by scores.discounted_orders * worths.order_worth desc
        ) as value_share
    from worths
    inner join scores
        on
            worths.frequency_bin = scores.frequency_bin
            and worths.gap_bin = scores.gap_bin
            and worths.age_bin = scores.age_bin
),

tier_bounds as (
    select
        tier,
        coalesce(lag(up_to_share) over (order by up_to_share), 0) as from_share,
        up_to_share
    from tiers
),

customer_lifetime_values as (
    select
        customers.customer_id,
        case when valued.expected_value is not null then tier_bounds.tier end as tier,
        valued.value_basis,
        coalesce(valued.method, 'none') as method,
        coalesce(valued.status, 'insufficient_data') as status,
        horizons.horizon_months,
        cast(
            case when valued.value_basis = 'margin' then customers.margin else customers.revenue end
            as decimal(18, 4)
        ) as historical_value,
        valued.expected_orders,
        valued.orders_lower,
        valued.orders_upper,
        valued.expected_value,
        valued.discounted_spends_lower * valued.order_worth as value_lower,
        valued.discounted_spends_upper * valued.order_worth as value_upper,
        valued.p_alive,
        valued.monthly_retention_rate,
        valued.as_of_date
    from customers
    cross join horizons
    left join valued
        on
            customers.customer_id = valued.customer_id
            and horizons.horizon_months = valued.horizon_months
    left join tier_bounds
        on
            valued.value_share > tier_bounds.from_share
            and valued.value_share <= tier_bounds.up_to_share
)

select * from customer_lifetime_values
