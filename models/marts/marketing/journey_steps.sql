with transitions as (
    select * from {{ ref('int_journey_transitions') }}
),

journey_steps as (
    select
        from_state as from_channel,
        to_state as to_channel,
        step_count,
        cast(sum(step_count) over (partition by from_state) as bigint) as from_count,
        step_count / sum(step_count) over (partition by from_state) as probability
    from transitions
)

select
    from_channel,
    to_channel,
    step_count,
    from_count,
    cast(probability as double) as probability
from journey_steps
