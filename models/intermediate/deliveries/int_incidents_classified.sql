-- 1. The category is the one given; else that of the first keyword, in rule order, that stands in
--    the description (seeds/rules/deliveries/incident_keywords.csv); else Other.
-- 2. Severity and impact score follow from the orders affected
--    (seeds/rules/deliveries/incident_severities.csv).
-- 3. An incident without an end counts as open for `incident_default_open_days`; one whose end
--    stands before its beginning, on its first day. Whether it is resolved is not known where a newer
--    state of it was rejected.
with incidents as (
    select * from {{ kept('incidents') }}
),

keywords as (
    select * from {{ ref('incident_keywords') }}
),

severities as (
    {{ bands(ref('incident_severities'), 'minimum_affected_orders') }}
),

keyword_matches as (
    select
        incidents.incident_id,
        min_by(keywords.category, keywords.rule_order) as category,
        min_by(keywords.keyword, keywords.rule_order) as keyword
    from incidents
    inner join keywords on contains(lower(incidents.description), keywords.keyword)
    group by incidents.incident_id
),

incidents_classified as (
    select
        incidents.incident_id,
        incidents.description,
        incidents.warehouse,
        coalesce(incidents.category, keyword_matches.category, 'Other') as category,
        case
            when incidents.category is not null then 'given'
            when keyword_matches.category is not null then 'keyword: ' || keyword_matches.keyword
            else 'no keyword'
        end as category_rule,
        severities.severity,
        case
            when incidents.resolved_at is not null then true
            when incidents.has_rejected_state is not true then false
        end as is_resolved,
        severities.impact_score,
        incidents.affected_orders,
        incidents.occurred_on,
        greatest(
            incidents.occurred_on,
            coalesce(
                {{ shop_day('incidents.resolved_at') }},
                incidents.occurred_on + {{ var('incident_default_open_days') }}
            )
        ) as ended_on,
        incidents.resolved_at
    from incidents
    inner join severities
        on
            incidents.affected_orders >= severities.minimum_affected_orders
            and incidents.affected_orders < severities.next_bound
    left join keyword_matches on incidents.incident_id = keyword_matches.incident_id
)

select * from incidents_classified
