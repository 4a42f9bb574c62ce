-- 1. The category is the one given; else that of the first keyword, in rule order, that stands in
--    the description (seeds/rules/incident_keywords.csv); else Other.
-- 2. Severity and impact score follow from the orders affected
--    (seeds/rules/incident_severities.csv).
-- 3. An incident without an end counts as open for `incident_default_open_days`; one whose end
--    stands before its beginning, on its first day.
with incidents_kept as (
    select * from {{ ref('stg_incidents') }}
),

keywords as (
    select * from {{ ref('incident_keywords') }}
),

severities as (
    select * from {{ ref('incident_severities') }}
),

keyword_matches as (
    select
        incidents_kept.incident_id,
        min_by(keywords.category, keywords.rule_order) as category,
        min_by(keywords.keyword, keywords.rule_order) as keyword
    from incidents_kept
    inner join keywords on contains(lower(incidents_kept.description), keywords.keyword)
    group by incidents_kept.incident_id
),

severity_reached as (
    select
        incidents_kept.incident_id,
        max_by(severities.severity, severities.minimum_affected_orders) as severity,
        max_by(severities.impact_score, severities.minimum_affected_orders) as impact_score
    from incidents_kept
    inner join severities
        on incidents_kept.affected_orders >= severities.minimum_affected_orders
    group by incidents_kept.incident_id
),

incidents as (
    select
        incidents_kept.incident_id,
        incidents_kept.description,
        incidents_kept.warehouse,
        coalesce(incidents_kept.category, keyword_matches.category, 'Other') as category,
        case
            when incidents_kept.category is not null then 'given'
            when keyword_matches.category is not null then 'keyword: ' || keyword_matches.keyword
            else 'no keyword'
        end as category_rule,
        severity_reached.severity,
        incidents_kept.resolved_at is not null as is_resolved,
        severity_reached.impact_score,
        incidents_kept.affected_orders,
        incidents_kept.occurred_on,
        greatest(
            incidents_kept.occurred_on,
            coalesce(
                cast(incidents_kept.resolved_at as date),
                incidents_kept.occurred_on + {{ var('incident_default_open_days') }}
            )
        ) as ended_on,
        incidents_kept.resolved_at
    from incidents_kept
    inner join severity_reached on incidents_kept.incident_id = severity_reached.incident_id
    left join keyword_matches on incidents_kept.incident_id = keyword_matches.incident_id
)

select * from incidents
