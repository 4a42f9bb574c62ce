-- 1. Products are numbered by id, for matrices have columns and not names.
-- 2. The first reason that holds keeps a product out of all lists: an excluded category, a service,
--    nothing sold for long, no stock (where a count that is still believed says so), too low a
--    margin. What is unknown keeps nothing out.
-- 3. The price is the list price, else what was paid for a unit on average.
with products as (
    select * from {{ ref('products') }}
),

levels as (
    select * from {{ ref('inventory_levels') }}
),

excluded_categories as (
    select * from {{ ref('recommendation_excluded_categories') }}
),

rules as (
    {{ in_a_row(
        ref('recommendation_rules'),
        'rule',
        ['stock_required', 'sold_within_days', 'minimum_margin_rate']
    ) }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

priced as (
    select
        products.product_id,
        products.product_name,
        products.category,
        products.brand,
        products.is_stocked,
        products.unit_cost,
        products.last_sold_on,
        levels.on_hand_units,
        excluded_categories.category is not null as is_excluded,
        cast(
            coalesce(
                products.list_price,
                case
                    when products.units_sold > products.units_returned
                        then products.revenue / (products.units_sold - products.units_returned)
                end
            ) as double
        ) as price,
        cast(products.units_sold as double) / nullif(products.order_count, 0) as order_units
    from products
    left join levels on products.product_id = levels.product_id
    left join excluded_categories
        on lower(trim(products.category)) = lower(excluded_categories.category)
),

checked as (
    select
        priced.*,
        case
            when priced.is_excluded then 'excluded_category'
            when not priced.is_stocked then 'service'
            when
                priced.last_sold_on is null
                or priced.last_sold_on < as_of.as_of_date - cast(rules.sold_within_days as integer)
                then 'not_sold_lately'
            when rules.stock_required = 1 and priced.on_hand_units <= 0 then 'out_of_stock'
            when priced.price - priced.unit_cost < rules.minimum_margin_rate * priced.price
                then 'low_margin'
        end as left_out_because
    from priced
    cross join rules
    cross join as_of
),

int_recommendation_products as (
    select
        cast(row_number() over (order by product_id) - 1 as integer) as product_number,
        product_id,
        product_name,
        category,
        brand,
        left_out_because,
        left_out_because is null as is_offered,
        case when price > 0 then price end as price,
        (price - unit_cost) * order_units as margin_per_purchase
    from checked
)

select * from int_recommendation_products
