-- 1. The parts of the strategies add up to the score; the largest of them gives the main strategy.
-- 2. A reason says what is true of this row, in this order: the customer's own rhythm; of what is
--    listed because it sells now, that; the product that led here and the one of the last basket it
--    goes with; what the main strategy says.
with lists as (
    select * from {{ ref('int_recommendation_lists') }}
),

customer_recommendations as (
    select
        customer_id,
        rank,
        product_id,
        product_name,
        category,
        slot,
        segment_strategy,
        main_strategy,
        case
            when
                slot = 'repeat' and usual_interval_days is not null
                then
                    'you buy it about every ' || cast(round(usual_interval_days) as bigint)
                    || ' days, last '
                    || case days_since_last
                        when 0 then 'today' when 1 then 'yesterday'
                        else days_since_last || ' days ago'
                    end
            when slot = 'repeat' then 'you bought it before'
            when main_strategy = 'seasonal' then 'many customers buy it now'
            else coalesce(
                    nullif(
                        concat_ws(
                            '; ',
                            'because you bought ' || because_label,
                            'often together with ' || together_label
                        ),
                        ''
                    ),
                    case main_strategy
                        when 'content' then 'from ' || category || ', where you buy most'
                        when 'price_affinity' then 'at a price you usually pay'
                    end,
                    'many customers buy it now'
                )
        end as reason,
        case when is_fallback then 'baseline' else 'blend' end as method,
        collaborative_method,
        because_product_id,
        together_product_id,
        is_fallback,
        score,
        collaborative_part,
        content_part,
        cross_selling_part,
        seasonal_part,
        price_affinity_part,
        personal_part,
        purchase_probability,
        next_purchase_on,
        as_of_date
    from lists
)

select * from customer_recommendations
