with decisions as (
    select * from {{ ref('experiment_decisions') }}
),

harmful_variants as (
    select
        'harmful_variants' as signal,
        'experiment' as entity_type,
        experiment_id as entity,
        experiment_id as name,
        -- the text of the action ends the sentence
        min(variant || ': ' || rtrim(reason, '.')) as subject,
        cast(count(*) as double) as value,
        cast(count(*) as double) as figure,
        cast(null as double) as usual_value,
        count(*) as item_count,
        cast(null as double) as value_at_stake,
        max(as_of_date) as period
    from decisions
    where decision = 'harm'
    group by experiment_id
)

select * from harmful_variants
