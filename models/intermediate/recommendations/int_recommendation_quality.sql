-- Figures of the lists and of the chances of next purchases as model_quality shows them. Where the blend
-- does not serve, what a customer bought most often does: it has its figures too. The chances serve
-- where their log loss over all horizons was below that of the naive ones.
with lists as (
    select * from {{ ref('recommendation_quality') }}
    where test = 'next_month' and status = 'ok'
),

models as (
    select * from lists
    where strategy in ('blend', 'personal_frequency')
),

baselines as (
    select * from lists
    where strategy in ('personal_frequency', 'popularity')
),

chances as (
    select * from {{ ref('next_purchase_fits') }}
    where part = 'quality'
),

proved as (
    select sum(value) < sum(baseline_value) as is_better from chances
    where metric = 'log_loss'
),

int_recommendation_quality as (
    select
        'customer_recommendations' as mart,
        models.strategy as model,
        'next_basket' as target,
        'ndcg_at_10' as metric,
        baselines.strategy as baseline,
        models.is_serving,
        cast(30 as bigint) as horizon_days,
        models.ndcg_at_10 as value,
        baselines.ndcg_at_10 as baseline_value,
        models.customer_count as row_count,
        models.as_of_date
    from models
    inner join baselines on models.strategy <> baselines.strategy
    union all
    select
        'next_purchases' as mart,
        'gamma_renewal' as model,
        'repeat_purchase' as target,
        chances.metric,
        'personal_frequency' as baseline,
        coalesce(proved.is_better, true) as is_serving,
        chances.horizon_days,
        chances.value,
        chances.baseline_value,
        chances.row_count,
        chances.as_of_date
    from chances
    cross join proved
)

select * from int_recommendation_quality
