-- churn_risk_classes and churn_actions agree: at every horizon a class begins at 0 and no two begin at
-- one probability, and every class has one action for any driver and at most one for each.
with risk_classes as (
    select * from {{ ref('churn_risk_classes') }}
),

actions as (
    select * from {{ ref('churn_actions') }}
),

faulty_horizons as (
    select 'horizon ' || horizon_days as fault
    from risk_classes
    group by horizon_days
    having
        min(minimum_probability) <> 0
        or count(distinct minimum_probability) < count(*)
        or count(distinct risk_class) < count(*)
),

faulty_actions as (
    select 'action of ' || risk_class || ' for ' || coalesce(driver, 'any driver') as fault
    from actions
    group by risk_class, driver
    having count(*) > 1
),

general_actions as (
    select risk_class
    from actions
    where driver is null
),

classes_without_action as (
    select 'no action of ' || risk_class as fault
    from risk_classes
    where risk_class not in (select general_actions.risk_class from general_actions)
)

select * from faulty_horizons
union all
select * from faulty_actions
union all
select * from classes_without_action
