-- Actions whose condition is not met in the mart that they are about.
with actions as (
    select * from {{ ref('recommended_actions') }}
),

grounds as (
    select
        actions.rule,
        actions.entity,
        actions.value,
        case
            when actions.unit = 'share' and actions.rule like 'punctuality%'
                then coalesce(performance.on_time_rate_upper, performance.on_time_rate)
            when actions.rule like 'health%' then health.score
            when actions.rule = 'runs_out' then levels.lead_time_days - levels.days_of_cover
            when actions.rule like 'stock%' then levels.days_of_cover
            else actions.value
        end as value_again,
        actions.comparison,
        actions.threshold
    from actions
    left join {{ ref('delivery_performance') }} as performance
        on
            actions.entity_type = performance.dimension
            and actions.entity = performance.entity
            and actions.period = performance.month
    left join {{ ref('operations_health') }} as health on actions.period = health.month
    left join {{ ref('inventory_levels') }} as levels
        on actions.entity = levels.product_id and actions.entity_type = 'product'
)

select * from grounds
where
    value is distinct from value_again
    or case
        when comparison = 'below' then value_again >= threshold
        else value_again <= threshold
    end
