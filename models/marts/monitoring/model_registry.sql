-- 1. A version is what was learned by which code: new parameters, figures or code make a new one.
-- 2. Versions of builds before are carried over, of each model the newest `registry_versions`; of
--    today only those of this build: a build repeated on its day replaces what it said.
with versions as (
    select * from {{ ref('int_model_versions') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

memory as (
    select * from {{ ref('int_model_memory') }}
),

settings as (
    select max(value) as version_count
    from {{ ref('monitoring_settings') }}
    where setting = 'registry_versions'
),

built as (
    select
        versions.mart,
        versions.model,
        versions.version,
        true as is_current,
        versions.is_serving,
        versions.parameters,
        versions.figures,
        versions.code_version,
        versions.parameter_count,
        versions.case_count,
        greatest(as_of.first_event_on, as_of.as_of_date - coalesce(versions.window_days, 36525))
            as data_from,
        as_of.as_of_date as data_until,
        coalesce(memory.first_built_on, as_of.as_of_date) as first_built_on,
        as_of.as_of_date as last_built_on,
        coalesce(as_of.first_event_on, as_of.as_of_date) as history_from
    from versions
    cross join as_of
    left join memory
        on
            versions.mart = memory.mart
            and versions.model = memory.model
            and versions.version = memory.version
            and as_of.as_of_date >= memory.first_built_on
    where as_of.as_of_date is not null
),

remembered as (
    select
        memory.mart,
        memory.model,
        memory.version,
        false as is_current,
        false as is_serving,
        memory.parameters,
        memory.figures,
        memory.code_version,
        memory.parameter_count,
        memory.case_count,
        memory.data_from,
        memory.data_until,
        memory.first_built_on,
        memory.last_built_on,
        memory.history_from
    from memory
    inner join as_of on memory.last_built_on < as_of.as_of_date
    left join versions
        on
            memory.mart = versions.mart
            and memory.model = versions.model
            and memory.version = versions.version
    where versions.version is null
),

all_versions as (
    select * from built
    union all
    select * from remembered
),

ranked as (
    select
        *,
        row_number() over (
            partition by mart, model
            order by last_built_on desc, first_built_on desc, version asc
        ) as age_rank
    from all_versions
),

model_registry as (
    select ranked.* exclude (age_rank)
    from ranked
    inner join settings on ranked.age_rank <= settings.version_count
)

select * from model_registry
