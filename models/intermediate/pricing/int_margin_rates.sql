-- The share of the price before a discount that is left after costs, by what was sold.
with product_weeks as (
    select * from {{ ref('int_product_weeks') }}
),

margin_rates as (
    select
        coalesce(category, 'all') as category,
        case
            when count(*) = count(unit_cost)
                -- rounded: the last digits of sums depend on the order of rows
                then round(
                        1 - sum(unit_cost * units) / nullif(sum(reference_price * units), 0), 9
                    )
        end as margin_rate
    from product_weeks
    where units > 0
    group by grouping sets ((category), ())
)

select * from margin_rates
