with fits as (
    select * from {{ ref('inventory_fits') }}
),

inventory_backtest as (
    select
        product_id,
        rule,
        status,
        service_target,
        cycles as cycle_count,
        cycle_service,
        cycle_service_lower,
        cycle_service_upper,
        fill_rate,
        average_on_hand_units,
        average_short_units,
        holding_cost,
        orders as order_count,
        days as replayed_days,
        as_of_date
    from fits
)

select * from inventory_backtest
