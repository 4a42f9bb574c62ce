with backtest as (
    select * from {{ ref('conversion_backtest') }}
    where metric like 'decile_%'
),

split_names as (
    select
        *,
        cast(split_part(metric, '_', 2) as bigint) as decile,
        split_part(metric, '_', 3) as measure
    from backtest
),

conversion_calibration as (
    select
        model,
        decile,
        bool_or(is_serving) as is_serving,
        max(value) filter (measure = 'chance') as mean_chance,
        max(value) filter (measure = 'rate') as order_rate,
        max(row_count) as row_count
    from split_names
    group by model, decile
)

select * from conversion_calibration
