-- What each learned table was made with, one number at a time, as its fit leaves it. Where there is
-- one fit per series or product, all of them are the parameters of one model. Of people none is
-- named.
{%- set series = ['metric', 'dimension', 'entity'] %}
{%- set learned = [
    ('customer_churn_risks', 'method', ref('churn_coefficients'),
        'coefficient is not null', ['feature', 'horizon_days'], ['coefficient', 'scale', 'bend'],
        'max(row_count)', 730),
    ('customer_lifetime_values', 'model', ref('model_fits'),
        "purpose = 'serving' and status = 'ok'", ['model'], ['parameters'],
        'max(customer_count)', none),
    ('customer_clusters', "'k_means'", ref('cluster_fits'), 'is_chosen', ['cluster_name'],
        ['recency_days_center', 'frequency_center', 'monetary_center'], 'max(row_count)', none),
    ('inventory_levels', "'served_forecast'", ref('inventory_fits'), "rule = 'model'",
        ['product_id'], ['method', 'distribution', 'forecast_daily_demand'], 'count(*)',
        var('inventory_history_days')),
    ('conversion_scores', 'method', ref('conversion_coefficients'), "status = 'ok'", ['feature'],
        ['coefficient'], 'max(row_count)', none),
    ('response_curves', "'media_mix'", ref('mix_parameters'), 'coefficient is not null',
        ['channel'], ['carry_over', 'half_saturation', 'coefficient'], 'max(week_count)', none),
    ('attribution', "'markov_chain'", ref('markov_credits'), "status = 'ok'", ['month', 'channel'],
        ['removal_effect'], 'count(*)', none),
    ('revenue_forecasts', 'method', ref('revenue_forecasts'), "status = 'ok'",
        ['channel', 'scenario', 'month'], ['revenue'], 'max(history_count)', none),
    ('metric_forecasts', "'combination_or_baseline'", ref('forecast_run'), "status = 'ok'",
        series + ['horizon_months'], ['method', 'value'], 'count(*)', none),
    ('metric_anomalies', "'watch'", ref('monitored_series'), "status = 'ok'", series + ['period'],
        ['method', 'expected'], 'sum(tested_count)', 1096),
    ('delivery_degradations', "'prediction_limits'", ref('delivery_limits'), "status = 'ok'",
        ['dimension', 'entity', 'measure', 'month'], ['centre'], 'count(*)', none),
    ('sentiment_anomalies', "'prediction_limits'", ref('sentiment_limits'), "status = 'ok'",
        ['dimension', 'entity', 'month'], ['centre'], 'count(*)', none),
    ('price_elasticities', 'method', ref('price_elasticities'), "status = 'ok'",
        ['level', 'category'], ['elasticity'], 'max(row_count)', none),
    ('association_rules', "'hypergeometric'", ref('association_rules'), 'is_significant',
        ['antecedent_product_id', 'consequent_product_id'], ['lift'],
        'max(total_basket_count)', none),
    ('next_purchases', "'gamma_renewal'", ref('next_purchase_fits'), "part = 'correction'",
        ['horizon_days', 'metric'], ['value'], 'max(row_count)', none),
    ('customer_recommendations', "'blend'", ref('recommendation_backtest'),
        "part in ('method', 'probability', 'weight')", ['part', 'name', 'metric'], ['value'],
        'max(row_count)', none),
    ('response_time_forecasts', 'method', ref('response_time_forecasts'), "status = 'ok'",
        ['priority', 'iso_weekday', 'block_starts_hour', 'weeks_ahead'],
        ['p50_minutes', 'p90_minutes'], 'max(ticket_count)', 7 * var('support_history_weeks')),
    ('ticket_volume_forecasts', 'method', ref('ticket_volume_forecasts'), "status = 'ok'",
        ['channel', 'hour_of_week'], ['volume', 'overdispersion'], 'max(week_count)',
        7 * var('support_history_weeks')),
    ('team_performance', "'partial_pooling'", ref('team_performance'),
        "status = 'ok' and level = 'team'", ['measure', 'team'], ['effect_log'],
        'sum(ticket_count)', 7 * var('support_history_weeks')),
    ('support_anomalies', "'profiles'", ref('support_anomalies'), 'true',
        ['kind', 'measure', 'entity', 'period_starts_at'], ['expected', 'limit_z'],
        'sum(ticket_count)', none),
    ('experiment_results', 'method', ref('experiment_results'), "status = 'ok'",
        ['experiment_id', 'metric', 'variant'], ['difference', 'variance_kept'],
        'max(unit_count)', none),
    ('discount_effects', "'matched_weeks'", ref('discount_effects'), 'uplift is not null',
        ['level', 'category', 'minimum_discount'], ['uplift'], 'max(week_count)', none),
    ('campaign_performance', 'evidence', ref('campaign_performance'), 'uplift is not null',
        ['campaign'], ['uplift'], 'max(reached_count)', none),
    ('channel_increments', 'evidence', ref('channel_increments'), 'evidence is not null',
        ['channel'], ['caused_orders'], 'count(*)', none),
] %}
with model_parameters as (
    {% for mart, model, relation, condition, keys, values, cases, window in learned -%}
    select
        '{{ mart }}' as mart,
        {{ model }} as model,
        string_agg(
            concat_ws(' ', {{ keys | join(', ') }}) || ': '
            || concat_ws(' ', {{ values | join(', ') }}),
            '; ' order by {{ keys | join(', ') }}
        ) as parameters,
        count(*) as parameter_count,
        cast({{ cases }} as bigint) as case_count,
        cast({{ window if window else 'null' }} as integer) as window_days
    from {{ relation }}
    where {{ condition }}
    {{ '' if model.startswith("'") else 'group by ' ~ model }}
    having count(*) > 0
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from model_parameters
