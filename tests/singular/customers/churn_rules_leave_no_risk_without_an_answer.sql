-- The churn rules agree with each other: one class begins at nothing and no two begin alike, every
-- class has one action for any driver and at most one for each, there is one for who may not be
-- written to, and some horizon suits every shop.
with risk_classes as (
    select * from {{ ref('churn_risk_classes') }}
),

actions as (
    select * from {{ ref('churn_actions') }}
),

horizons as (
    select * from {{ ref('churn_horizons') }}
),

faulty_classes as (
    select 'risk classes' as fault
    from risk_classes
    having
        count(*) filter (minimum_lift <= 0 and minimum_silence <= 0) <> 1
        or count(distinct minimum_lift) < count(*)
),

faulty_horizons as (
    select 'horizons' as fault
    from horizons
    having
        min(shown_from_interval_days) > 0
        or count(distinct shown_from_interval_days) < count(*)
        or min(horizon_days) <= 0
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

answered as (
    select risk_class from risk_classes
    union all
    select 'No consent' as risk_class
),

classes_without_action as (
    select 'no action of ' || risk_class as fault
    from answered
    where risk_class not in (select general_actions.risk_class from general_actions)
),

actions_without_class as (
    select 'no class ' || risk_class as fault
    from actions
    where risk_class not in (select answered.risk_class from answered) and risk_class <> 'Left'
)

select * from faulty_classes
union all
select * from faulty_horizons
union all
select * from faulty_actions
union all
select * from classes_without_action
union all
select * from actions_without_class
