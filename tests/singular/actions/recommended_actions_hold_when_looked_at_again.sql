-- Findings whose figure is not that of the mart they are about, or whose condition is not met there.
with findings as (
    select * from {{ ref('action_findings') }}
),

incidents as (
    select
        incidents.category,
        sum(incidents.affected_orders) as affected_orders
    from {{ ref('incidents') }} as incidents
    inner join {{ ref('int_as_of') }} as as_of on incidents.occurred_on > as_of.as_of_date - 90
    group by incidents.category
),

grounds as (
    select
        findings.rule,
        findings.entity,
        findings.figure,
        findings.value,
        findings.comparison,
        findings.threshold,
        case
            when findings.rule like 'punctuality%' then performance.on_time_rate
            when findings.rule like 'health%' then health.score
            when findings.rule = 'score_ahead_low' then forecasts.score
            when findings.rule = 'carrier_unpunctual' then scorecards.expected_on_time_rate
            when findings.rule = 'runs_out' then levels.lead_time_days - levels.days_of_cover
            when findings.rule = 'stock_too_high' then levels.days_of_cover
            when findings.rule = 'stock_dead' then levels.on_hand_units
            when findings.rule like 'sentiment%' then sentiment.net_sentiment
            when findings.rule = 'reason_frequent' then reasons.share
            when findings.rule = 'losses_rise' then losses.churn_rate
            when findings.rule like 'incidents%' then incidents.affected_orders
            else findings.figure
        end as figure_again
    from findings
    left join {{ ref('delivery_performance') }} as performance
        on
            findings.entity_type = performance.dimension
            and findings.entity = performance.entity
            and findings.period = performance.month
    left join {{ ref('operations_health') }} as health on findings.period = health.month
    left join {{ ref('delivery_forecasts') }} as forecasts
        on
            findings.entity_type = forecasts.dimension
            and findings.entity = forecasts.entity
            and findings.period = forecasts.month
    left join {{ ref('carrier_scorecards') }} as scorecards
        on
            findings.entity = scorecards.carrier
            and scorecards.dimension = 'carrier'
            and findings.rule = 'carrier_unpunctual'
    left join {{ ref('inventory_levels') }} as levels
        on findings.entity = levels.product_id and findings.entity_type = 'product'
    left join {{ ref('sentiment') }} as sentiment
        on
            findings.entity_type = sentiment.dimension
            and findings.entity = sentiment.entity
            and findings.period = sentiment.month
    left join {{ ref('churn_reasons') }} as reasons
        on findings.entity = reasons.reason and findings.entity_type = 'reason'
    left join {{ ref('churn_rates') }} as losses on findings.period = losses.month
    left join incidents
        on findings.entity = incidents.category and findings.entity_type = 'incident_category'
)

select * from grounds
where
    figure is distinct from figure_again
    or case when comparison = 'below' then value >= threshold else value <= threshold end
