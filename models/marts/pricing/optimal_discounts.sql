-- 1. With a constant elasticity e below -1 the margin is highest where it is 1 / |e| of the price
--    (Lerner 1934): the price is cost x e / (e + 1), whatever it is today. From -1 upwards no lower
--    price pays.
-- 2. A discount is named only where the interval of the elasticity leaves one sign: both ends ask for
--    a lower price than today's (discount), or none of them does (no_discount); else unclear.
-- 3. No discount deeper than the deepest one whose effect was seen: beyond it nothing is known.
with elasticities as (
    select * from {{ ref('price_elasticities') }}
),

discount_effects as (
    select * from {{ ref('discount_effects') }}
),

margin_rates as (
    select * from {{ ref('int_margin_rates') }}
),

deepest as (
    select
        level,
        category,
        max(mean_discount) as deepest_discount
    from discount_effects
    where status = 'ok'
    group by level, category
),

ends as (
    select
        elasticities.level,
        elasticities.category,
        elasticities.status,
        elasticities.elasticity,
        margin_rates.margin_rate,
        deepest.deepest_discount,
    {% for end in ['', '_lower', '_upper'] -%}
    case
        when elasticities.elasticity{{ end }} < -1
            then
                1
                - (1 - margin_rates.margin_rate) * elasticities.elasticity{{ end }}
                / (elasticities.elasticity{{ end }} + 1)
        else -1
    end as discount{{ end }}{{ ',' if not loop.last }}
    {% endfor %}
    from elasticities
    left join margin_rates on elasticities.category = margin_rates.category
    left join deepest
        on
            elasticities.level = deepest.level
            and elasticities.category = deepest.category
),

decided as (
    select
        *,
        case
            when status <> 'ok' then status
            when margin_rate is null then 'no_cost'
            -- the steeper the elasticity, the deeper the discount
            when discount_lower > 0 and discount_upper > 0
                then case when deepest_discount is null then 'no_discount_seen' else 'discount' end
            when discount_lower <= 0 and discount_upper <= 0 then 'no_discount'
            else 'unclear'
        end as decision
    from ends
),

optimal_discounts as (
    select
        level,
        category,
        decision as status,
        elasticity,
        margin_rate,
        deepest_discount,
    {% for end, other in [('', ''), ('_lower', '_upper'), ('_upper', '_lower')] -%}
    case decision
        when 'discount' then least(discount{{ other }}, deepest_discount)
        when 'no_discount' then 0
    end as optimal_discount{{ end }}{{ ',' if not loop.last }}
    {% endfor %}
    from decided
)

select * from optimal_discounts
