-- rollout_schedule only adds: a planned share that fell would take units out that saw a variant.
with days as (
    select
        experiment_id,
        day,
        planned_share,
        lag(planned_share) over (
            partition by experiment_id
            order by day
        ) as share_before
    from {{ ref('rollout_schedule') }}
)

select * from days
where planned_share < share_before
