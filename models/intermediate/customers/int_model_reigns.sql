-- What a build knows of the models of a mart before it decides which serves.
-- 1. What the published file says served is known where it was built over the same shop's data, which
--    begin on the same day, and not for a later day than today.
-- 2. A build repeated on its day begins where that day's first one began, and decides the same.
-- 3. What served for want of a backtest was not chosen, and need not be beaten.
-- 4. What a person chose counts to the end of its last day.
with memory as (
    select * from {{ source('load', 'memory_champions') }}
),

served_models as (
    select * from {{ ref('served_models') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

known as (
    select
        memory.mart,
        case
            when memory.as_of_date = as_of.as_of_date then memory.champion_before
            when memory.reason <> 'no_backtest' then memory.champion
        end as champion,
        memory.champion as last_champion,
        case
            when memory.as_of_date = as_of.as_of_date then memory.worse_builds_before
            else memory.worse_builds
        end as worse_builds,
        memory.champion_since
    from memory
    inner join as_of
        on
            memory.history_from = as_of.first_event_on
            and memory.as_of_date <= as_of.as_of_date
),

chosen as (
    select
        served_models.mart,
        served_models.model as pinned
    from served_models
    inner join as_of on served_models.until_on >= as_of.as_of_date
),

model_reigns as (
    select
        coalesce(known.mart, chosen.mart) as mart,
        known.champion,
        known.last_champion,
        chosen.pinned,
        known.worse_builds,
        known.champion_since
    from known
    full outer join chosen on known.mart = chosen.mart
)

select * from model_reigns
