with checks as (
    select * from {{ ref('experiment_checks') }}
),

failed_checks as (
    select
        'failed_checks' as signal,
        'experiment' as entity_type,
        experiment_id as entity,
        experiment_id as name,
        min_by(detail, check_order) as subject,
        cast(count(*) as double) as value,
        cast(count(*) as double) as figure,
        cast(null as double) as usual_value,
        count(*) as item_count,
        cast(null as double) as value_at_stake,
        max(as_of_date) as period
    from checks
    where status = 'failed'
    group by experiment_id
)

select * from failed_checks
