-- Of each feature that drifts the worst week of late: models learn from it, and a wrong unit or a lost part of
-- a file shows like this.
with drifts as (
    select * from {{ ref('feature_drift') }}
    where status = 'drift' and as_of_date - ends_on <= 28
    qualify row_number() over (partition by feature order by psi desc, starts_on desc) = 1
),

feature_drift as (
    select
        'feature_drift' as signal,
        'feature' as entity_type,
        feature as entity,
        replace(feature, '_', ' ') as name,
        moved_bin as subject,
        psi as value,
        share_now as figure,
        share_before as usual_value,
        case_count as item_count,
        cast(null as double) as value_at_stake,
        starts_on as period
    from drifts
)

select * from feature_drift
