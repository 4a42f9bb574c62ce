-- 1. Customers are numbered by id, for matrices have rows and not names.
-- 2. The first rule of recommendation_segments whose conditions all hold gives the strategy; an
--    empty condition always holds.
-- 3. Listed is who may be written to (int_consents); everybody, where lists are not to be sent.
-- 4. Who never bought is given what sells in the region.
with buyers as (
    select * from {{ ref('customers') }}
),

consents as (
    select * from {{ ref('int_consents') }}
),

scores as (
    select * from {{ ref('customer_rfm') }}
),

risks as (
    select * from {{ ref('customer_churn_risks') }}
    where is_shown
),

segment_rules as (
    select * from {{ ref('recommendation_segments') }}
),

strategies as (
    select * from {{ ref('recommendation_strategies') }}
),

rules as (
    {{ in_a_row(ref('recommendation_rules'), 'rule', ['consent_required', 'explore_slots']) }}
),

described as (
    select
        buyers.customer_id,
        scores.segment,
        risks.risk_class,
        buyers.order_count,
        scores.monetary_score,
        coalesce(buyers.region, 'unknown') as popularity_group,
        rules.consent_required = 0 or consents.may_be_written_to as is_listed
    from buyers
    cross join rules
    inner join consents on buyers.customer_id = consents.customer_id
    left join scores on buyers.customer_id = scores.customer_id
    left join risks on buyers.customer_id = risks.customer_id
),

matched as (
    select
        described.customer_id,
        min_by(segment_rules.strategy, segment_rules.rule_order) as strategy
    from described
    inner join segment_rules
        on
            (segment_rules.segment is null or described.segment = segment_rules.segment)
            and (
                segment_rules.risk_class is null
                or described.risk_class = segment_rules.risk_class
            )
            and (
                segment_rules.most_orders is null
                or described.order_count <= segment_rules.most_orders
            )
            and (
                segment_rules.fewest_monetary_score is null
                or described.monetary_score >= segment_rules.fewest_monetary_score
            )
            and (
                segment_rules.most_monetary_score is null
                or described.monetary_score <= segment_rules.most_monetary_score
            )
    group by described.customer_id
),

int_recommendation_customers as (
    select
        cast(row_number() over (order by described.customer_id) - 1 as integer) as customer_number,
        described.customer_id,
        described.segment,
        strategies.strategy,
        described.popularity_group,
        described.is_listed,
        strategies.collaborative_factor,
        strategies.content_factor,
        strategies.cross_selling_factor,
        strategies.seasonal_factor,
        strategies.price_affinity_factor,
        strategies.personal_factor,
        strategies.price_factor,
        coalesce(strategies.explore_slots, cast(rules.explore_slots as bigint)) as explore_slots
    from described
    cross join rules
    inner join matched on described.customer_id = matched.customer_id
    inner join strategies on matched.strategy = strategies.strategy
)

select * from int_recommendation_customers
