-- 1. A variant is one of the plan, or one that units were assigned to. Without a plan all variants
--    seen were to get the same share; one that the plan does not know was to get nothing.
-- 2. The control is the one that the plan names; else the first name of experiment_control_names;
--    else the first variant by name.
with designs as (
    select * from {{ ref('int_experiment_designs') }}
),

planned_variants as (
    select * from {{ ref('experiment_variants') }}
),

assignments as (
    select * from {{ ref('int_experiment_assignments') }}
),

control_names as (
    select * from {{ ref('experiment_control_names') }}
),

seen_variants as (
    select distinct
        experiment_id,
        variant
    from assignments
),

variants as (
    select
        coalesce(planned_variants.experiment_id, seen_variants.experiment_id) as experiment_id,
        coalesce(planned_variants.variant, seen_variants.variant) as variant,
        planned_variants.variant is not null as is_planned,
        coalesce(planned_variants.is_control, false) as is_named_control,
        planned_variants.planned_share,
        planned_variants.variant_order
    from planned_variants
    full join seen_variants
        on
            planned_variants.experiment_id = seen_variants.experiment_id
            and planned_variants.variant = seen_variants.variant
),

ranked_variants as (
    select
        variants.*,
        bool_or(variants.is_planned) over of_experiment as has_plan,
        row_number() over (
            partition by variants.experiment_id
            order by
                variants.is_named_control desc,
                variants.is_planned desc,
                control_names.name_order asc nulls last,
                variants.variant asc
        ) as control_rank
    from variants
    left join control_names on lower(variants.variant) = lower(control_names.variant)
    window of_experiment as (partition by variants.experiment_id)
),

int_experiment_variants as (
    select
        ranked_variants.experiment_id,
        ranked_variants.variant,
        ranked_variants.is_planned,
        ranked_variants.control_rank = 1 as is_control,
        case
            when ranked_variants.has_plan then coalesce(ranked_variants.planned_share, 0)
            else 1
        end as planned_share,
        ranked_variants.variant_order
    from ranked_variants
    inner join designs on ranked_variants.experiment_id = designs.experiment_id
)

select * from int_experiment_variants
