-- 1. The loss of the served forecasts is a mean over products whose status is ok, beside that of
--    1.3 times the mean demand.
-- 2. The service gap is the mean achieved service less the mean target, over products with a cycle
--    in the replay; each rule has cycles of its own.
-- 3. The target should lie within the 80 % interval of the achieved service for 80 % of products.
with fits as (
    select * from {{ ref('inventory_fits') }}
),

losses as (
    select
        'pinball_loss' as metric,
        'flat_30_pct' as baseline,
        -- sums of decimals do not depend on the order of rows
        avg(cast(backtest_loss as decimal(18, 6))) as value,
        avg(cast(baseline_loss as decimal(18, 6))) as baseline_value,
        count(*) as row_count,
        max(days) as horizon_days,
        max(as_of_date) as as_of_date
    from fits
    where rule = 'model' and backtest_loss is not null
    having count(*) > 0
),

rules as (
    select
        rule,
        avg(cast(cycle_service - service_target as decimal(18, 6))) as service_gap,
        count(*) filter (
            service_target between cycle_service_lower and cycle_service_upper
        ) / count(*) as coverage_rate,
        count(*) as row_count,
        max(days) as horizon_days,
        max(as_of_date) as as_of_date
    from fits
    where cycles > 0
    group by rule
),

policies as (
    select * from rules
    where rule = 'model'
),

services as (
    select
        unnest([
            {
                'metric': 'service_gap',
                'value': policies.service_gap,
                'baseline_value': rules.service_gap
            },
            {
                'metric': 'coverage_rate',
                'value': policies.coverage_rate,
                'baseline_value': rules.coverage_rate
            }
        ]) as measure,
        rules.rule as baseline,
        policies.row_count,
        policies.horizon_days,
        policies.as_of_date
    from policies
    inner join rules on policies.rule <> rules.rule
),

figures as (
    select * from losses
    union all
    select
        measure.metric as metric,
        baseline,
        measure.value as value,
        measure.baseline_value as baseline_value,
        row_count,
        horizon_days,
        as_of_date
    from services
),

inventory_quality as (
    select
        case figures.metric when 'pinball_loss' then 'served_forecast' else 'stock_policy' end
            as model,
        case figures.metric when 'pinball_loss' then 'interval_demand' else 'service' end
            as target,
        figures.metric,
        figures.baseline,
        true as is_serving,
        figures.horizon_days,
        figures.value,
        figures.baseline_value,
        figures.row_count,
        figures.as_of_date - cast(figures.horizon_days as integer) as as_of_date
    from figures
)

select * from inventory_quality
