-- What every kind of evidence says that a channel caused, one row per kind there is.
with experiments as (
    select * from {{ ref('int_experiment_increments') }}
),

spend as (
    select * from {{ ref('int_spend_increments') }}
),

timing as (
    select * from {{ ref('int_timing_increments') }}
),

kinds as (
    select * from {{ ref('channel_evidence_kinds') }}
),

stated as (
    select
        channel,
        'experiment' as evidence,
        orders,
        orders_error,
        revenue,
        revenue_error
    from experiments
    union all
    select
        channel,
        'spend' as evidence,
        orders,
        orders_error,
        revenue,
        revenue_error
    from spend
    union all
    select
        channel,
        'timing' as evidence,
        orders,
        orders_error,
        revenue,
        revenue_error
    from timing
),

channel_evidence as (
    select
        stated.channel,
        stated.evidence,
        kinds.evidence_order,
        kinds.caution,
        stated.orders,
        stated.orders_error,
        stated.revenue,
        stated.revenue_error,
        coalesce(stated.orders - {{ interval_z() }} * stated.orders_error > 0, false) as is_found
    from stated
    inner join kinds on stated.evidence = kinds.evidence
)

select * from channel_evidence
