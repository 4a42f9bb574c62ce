-- 1. A month is worse than usual when it lies outside the limits that the months before it draw, on
--    the bad side, and at least the measure's minimum effect from what they let expect
--    (seeds/rules/deliveries/delivery_measures.csv). Of months where nothing happened few do:
--    false_alarms_per_year says how many.
-- 2. A month over 15 % worse than the one before it is a drop even within the limits, for the
--    measures that say so (is_drop_rule): a rule by decree, found also by chance in slices with few
--    deliveries. found_by tells the two apart.
-- 3. Severity follows from the drop as a share of the month before
--    (seeds/rules/deliveries/degradation_severities.csv); without a month before, or where that is
--    0, it is the lowest.
with limits as (
    select * from {{ ref('delivery_limits') }}
),

measures as (
    select * from {{ ref('delivery_measures') }}
),

severities as (
    {{ bands(ref('degradation_severities'), 'above_drop_share') }}
),

-- signed so that more is worse
signed as (
    select
        limits.*,
        measures.minimum_effect,
        measures.is_drop_rule,
        measures.better,
        before.value as previous_value,
        case when measures.better = 'lower' then limits.limit_upper else limits.limit_lower end
            as limit_value,
        case when measures.better = 'lower' then 1 else -1 end as worse_sign
    from limits
    inner join measures on limits.measure = measures.measure
    left join limits as before
        on
            limits.dimension = before.dimension
            and limits.entity = before.entity
            and limits.measure = before.measure
            and limits.month = before.month + interval 1 month
),

judged as (
    select
        *,
        worse_sign * (value - centre) as worse_than_usual,
        coalesce(
            worse_sign * (value - limit_value) > 0
            and worse_sign * (value - centre) >= minimum_effect,
            false
        ) as is_outside_limit,
        round(worse_sign * (value - previous_value) / nullif(abs(previous_value), 0), 9)
            as drop_share
    from signed
),

graded as (
    select
        judged.*,
        severities.severity,
        judged.is_drop_rule and severities.is_drop_rule as is_rule_drop
    from judged
    inner join severities
        on
            coalesce(greatest(judged.drop_share, 0), 0) > severities.above_drop_share
            and coalesce(greatest(judged.drop_share, 0), 0) <= severities.next_bound
),

delivery_degradations as (
    select
        graded.dimension,
        graded.entity,
        graded.measure,
        graded.severity,
        case
            when graded.is_outside_limit and graded.is_rule_drop then 'limit and rule'
            when graded.is_outside_limit then 'limit'
            else 'rule'
        end as found_by,
        case when graded.status = 'ok' then 'prediction limits' end as method,
        case when graded.status = 'ok' then 'ok' else 'short_history' end as status,
        graded.value,
        graded.previous_value,
        graded.centre as usual_value,
        graded.limit_value,
        graded.worse_than_usual,
        graded.drop_share,
        case when graded.is_outside_limit then graded.false_alarms_per_year end
            as expected_false_alarms_per_year,
        graded.history_month_count,
        graded.month,
        as_of.as_of_date
    from graded
    cross join {{ ref('int_as_of') }} as as_of
    where graded.is_outside_limit or graded.is_rule_drop
)

select * from delivery_degradations
