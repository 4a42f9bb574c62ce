-- All that the playbook may act on, one model per signal; a test compares the list with it.
{%- set signals = [
    'operations_health',
    'on_time_rate_at_best',
    'delivery_drop',
    'slower_a_year',
    'delivery_score_ahead',
    'incident_orders',
    'carrier_rate_at_best',
    'days_without_stock',
    'days_of_cover',
    'dead_stock',
    'sentiment_drop',
    'net_sentiment',
    'promise_kept_rate_at_best',
    'segment_value_at_risk',
    'cancellation_reason_share',
    'churn_rate_rise',
    'channel_return_at_best',
    'budget_gain',
    'better_variant',
    'harmful_variants',
    'failed_checks',
    'price_index',
    'discount_margin',
    'campaign_return_at_best',
    'points_expiring',
    'products_due',
    'sold_together',
    'open_alert',
    'feature_drift',
] %}
with signals as (
    {% for signal in signals -%}
    select
        signal,
        entity_type,
        entity,
        name,
        subject,
        value,
        figure,
        usual_value,
        item_count,
        value_at_stake,
        period
    from {{ ref('int_signal_' ~ signal) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from signals
