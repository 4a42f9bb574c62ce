-- 1. A text stands for the facts of one hash: written from others it is stale, and the template is
--    shown in its place.
-- 2. A figure that is in no fact is flagged, and the template is shown: the model "knew" a
--    budget that nobody had told it.
-- 3. A text about a subject that is no more is not shown at all.
with inputs as (
    select * from {{ ref('llm_inputs') }}
),

written as (
    select * from {{ kept('llm_outputs') }}
),

compared as (
    select
        inputs.subject_type,
        inputs.subject_id,
        inputs.kind,
        inputs.template_text,
        written.text as written_text,
        written.model,
        inputs.input_hash,
        coalesce(written.input_hash <> inputs.input_hash, true) as is_stale,
        {{ figures_in('written.text') }} as text_figures,
        {{ figures_in('inputs.facts') }} as fact_figures,
        written.made_at,
        inputs.as_of_date
    from inputs
    left join written
        on
            inputs.subject_type = written.subject_type
            and inputs.subject_id = written.subject_id
            and inputs.kind = written.kind
),

counted as (
    select
        *,
        array_length(list_filter(text_figures, lambda figure: list_contains(fact_figures, figure)))
            as founded_count
    from compared
),

judged as (
    select
        *,
        array_length(text_figures) - founded_count as unfounded_count,
        case
            when written_text is null then 'not_written'
            when is_stale then 'stale'
            when founded_count < array_length(text_figures) then 'unfounded'
            else 'ok'
        end as status
    from counted
),

llm_outputs as (
    select
        subject_type,
        subject_id,
        kind,
        case when status = 'ok' then written_text else template_text end as text,
        status,
        model,
        input_hash,
        case when written_text is not null then is_stale end as is_stale,
        unfounded_count,
        made_at,
        as_of_date
    from judged
)

select * from llm_outputs
