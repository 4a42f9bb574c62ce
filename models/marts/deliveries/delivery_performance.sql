-- 1. Score = weight x on-time rate in percent + weight x speed part + weight x complaint part;
--    weights and limits are rows of seeds/rules/deliveries/delivery_score_parts.csv.
-- 2. The speed part falls from 100 at 0 days to 0 at its limit, the complaint part from 100 at none
--    to 0 at its limit; neither falls below 0.
-- 3. Where complaints are unknown the other parts weigh for them (score_from); such a score is not
--    compared with one of all parts. Without a known time to deliver there is no score.
-- 4. A month of which a parcel, complaint or pre-aggregated row was rejected has an unknown part.
with months as (
    select * from {{ ref('int_delivery_months') }}
),

score_parts as (
    select
        {{ delivery_score_parts_in_a_row() }}
    from {{ ref('delivery_score_parts') }}
),

grades as (
    {{ bands(ref('score_grades'), 'minimum_score') }}
),

unknown_months as (
    select distinct
        cast(date_trunc('month', day) as date) as month,
        unnest(
            case input_table
                when 'deliveries' then ['parcels']
                when 'delivery_months' then ['delivery_months']
                when 'complaints' then ['parcels', 'delivery_months']
            end
        ) as figures_from
    from {{ ref('int_rejected_days') }}
),

scored_months as (
    select
        months.*,
        unknown_months.month is not null as has_unknown_part,
        {{ delivery_score(
            'months.on_time_rate', 'months.average_delivery_days', 'months.complaint_count'
        ) }} as score
    from months
    cross join score_parts
    left join unknown_months using (month, figures_from)
),

bounds as (
    select
        dimension,
        entity,
        complaint_count is null as is_without_complaints,
        min(score) as lowest,
        max(score) as highest
    from scored_months
    group by all
),

delivery_performance as (
    select
        scored_months.dimension,
        scored_months.entity,
        scored_months.figures_from,
        case
            when scored_months.score is null then null
            when scored_months.complaint_count is null then 'without complaints'
            else 'all parts'
        end as score_from,
        grades.grade,
        scored_months.is_complete,
        scored_months.has_unknown_part,
        coalesce(scored_months.score = bounds.highest and bounds.highest > bounds.lowest, false)
            as is_best,
        coalesce(scored_months.score = bounds.lowest and bounds.highest > bounds.lowest, false)
            as is_worst,
        scored_months.delivery_count,
        scored_months.on_time_count,
        scored_months.complaint_count,
        scored_months.average_delivery_days,
        scored_months.median_delivery_days,
        scored_months.p90_delivery_days,
        scored_months.on_time_rate,
        {{ wilson_lower('scored_months.on_time_count', 'scored_months.delivery_count') }}
            as on_time_rate_lower,
        {{ wilson_upper('scored_months.on_time_count', 'scored_months.delivery_count') }}
            as on_time_rate_upper,
        scored_months.score,
        scored_months.month
    from scored_months
    inner join bounds
        on
            scored_months.dimension = bounds.dimension
            and scored_months.entity = bounds.entity
            and (scored_months.complaint_count is null) = bounds.is_without_complaints
    left join grades
        on
            scored_months.score >= grades.minimum_score
            and scored_months.score < grades.next_bound
)

select * from delivery_performance
