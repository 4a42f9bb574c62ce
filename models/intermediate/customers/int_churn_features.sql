-- Counts, days and amounts on the scale on which a step weighs the same everywhere.
-- 1. Idleness is the part of a customer's age since the last purchase; who bought once has none.
-- 2. Silence is measured by the own rhythm: (time from first to last purchase / age) ^ (purchases - 1)
--    is the chance that somebody who goes on buying at the own rate has been silent for so long
--    (Reinartz and Kumar 2000), and silence minus its logarithm; who bought once has no rhythm.
-- 3. The trend is recent purchases against what the earlier rate gives, one added to each.
with histories as (
    select * from {{ ref('int_churn_histories') }}
),

shifted as (
    select
        *,
        cast(recency_days + 1 as double) as recency,
        cast(age_days + 1 as double) as age,
        case when purchase_count > 1 then cast(age_days - recency_days + 1 as double) end as span,
        cast(purchase_count as double) as purchases,
        cast(purchase_count - recent_purchase_count as double) as earlier_purchases
    from histories
),

churn_features as (
    select
        customer_id,
        ln(recency) as recency,
        case when purchase_count > 1 then ln(recency / age) end as idleness,
        (purchases - 1) * ln(age / span) as silence,
        ln(age / purchases) as days_per_purchase,
        ln(purchases) as purchases,
        cast(purchase_count = 1 as double) as single_purchase,
        ln(
            (1 + recent_purchase_count)
            / (1 + earlier_purchases * recent_days / greatest(age - recent_days, recent_days))
        ) as trend,
        -- greatest() alone would make 0 of an unknown price
        case
            when average_revenue is not null then ln(1 + greatest(average_revenue, 0))
        end as order_value,
        ln(1 + return_count) as returns,
        ln(1 + complaint_count) as complaints,
        ln(1 + late_delivery_count) as late_deliveries,
        cast(has_cancelled as double) as cancelled,
        as_of_date
    from shifted
)

select * from churn_features
