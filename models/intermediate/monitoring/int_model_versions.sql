-- Each model with what its fit found, and what was measured of it.
-- 1. Models that are measured beside the one that serves are there too; they have parameters only
--    where they are fitted to all data.
-- 2. Where a model has more than 60 parameters their digest stands for them: whether two versions
--    are alike can be seen, and the parameters stand in the tables of their fits.
with measures as (
    select * from {{ ref('int_model_measures') }}
),

parameters as (
    select * from {{ ref('int_model_parameters') }}
),

code as (
    select * from {{ ref('int_code_version') }}
),

figures as (
    select
        mart,
        model,
        target,
        metric,
        baseline,
        bool_or(is_serving) as is_serving,
        -- rounded, for the order of a mean moves its last digit
        round(avg(value), 9) as value,
        round(avg(baseline_value), 9) as baseline_value
    from measures
    group by mart, model, target, metric, baseline
),

measured as (
    select
        mart,
        model,
        bool_or(is_serving) as is_serving,
        cast(to_json(list_sort(list(
            {
                'target': target,
                'metric': metric,
                'baseline': baseline,
                'value': value,
                'baseline_value': baseline_value
            }
        ))) as varchar) as figures
    from figures
    group by mart, model
),

learned as (
    select
        coalesce(parameters.mart, measured.mart) as mart,
        coalesce(parameters.model, measured.model) as model,
        coalesce(measured.is_serving, measured.mart is null) as is_serving,
        case
            when parameters.parameter_count <= 60 then parameters.parameters
            else 'digest ' || md5(parameters.parameters)
        end as parameters,
        measured.figures,
        coalesce(parameters.parameter_count, 0) as parameter_count,
        parameters.case_count,
        parameters.window_days
    from parameters
    full outer join measured
        on parameters.mart = measured.mart and parameters.model = measured.model
),

model_versions as (
    select
        learned.*,
        left(md5(concat_ws('|', learned.parameters, learned.figures, code.code_version)), 12)
            as version,
        code.code_version
    from learned
    cross join code
)

select * from model_versions
