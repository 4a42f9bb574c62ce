-- 1. Expected value = discounted expected orders x expected spend per order x what spend is worth.
-- 2. Where an order costs more than it brings in, more orders are worth less: the bounds change places.
with histories as (
    select * from {{ ref('int_customer_histories') }}
    where purpose = 'serving'
),

worth_rates as (
    select * from {{ ref('int_worth_rates') }}
    where purpose = 'serving'
),

scores as (
    select * from {{ ref('clv_group_scores') }}
),

scored as (
    select
        histories.customer_id,
        histories.value_basis,
        histories.as_of_date,
        scores.*,
        coalesce(worth_rates.worth_rate, 1) * (
            scores.spend_level
            + scores.repeat_spend_share * greatest(coalesce(histories.repeat_mean_spend, 0), 0)
            + scores.first_spend_share * greatest(histories.first_spend, 0)
        ) as order_worth
    from histories
    inner join scores
        on
            histories.frequency_bin = scores.frequency_bin
            and histories.gap_bin = scores.gap_bin
            and histories.age_bin = scores.age_bin
    left join worth_rates on histories.customer_id = worth_rates.customer_id
),

customer_values as (
    select
        customer_id,
        value_basis,
        method,
        status,
        horizon_days,
        cast(horizon_months as bigint) as horizon_months,
        expected_orders,
        orders_lower,
        orders_upper,
        discounted_orders * order_worth as expected_value,
        least(
            discounted_spends_lower * order_worth, discounted_spends_upper * order_worth
        ) as value_lower,
        greatest(
            discounted_spends_lower * order_worth, discounted_spends_upper * order_worth
        ) as value_upper,
        discounted_spends_sd * abs(order_worth) as value_sd,
        common_sd,
        p_alive,
        monthly_retention_rate,
        as_of_date
    from scored
)

select * from customer_values
