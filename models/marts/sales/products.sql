-- 1. A product known only from order lines is a product, with everything else unknown.
-- 2. What is not kept in stock (postage, fees, vouchers) is named by its category in
--    seeds/rules/sales/unstocked_categories.csv, as shops spell it (`Gift Cards`, `gift-card`): it
--    has revenue, and no demand to plan for.
-- 3. Lines of unknown revenue, or that were rejected, are counted, and are in no sum of revenue.
with products_kept as (
    select * from {{ kept('products') }}
),

lines as (
    select * from {{ ref('order_lines') }}
),

status_signs as (
    select * from {{ ref('order_statuses') }}
),

rejected_lines as (
    select
        product_id,
        count(*) as line_count
    from {{ ref('stg_order_lines') }}
    where row_status = 'rejected' and reasons[1] <> 'duplicate_key'
    group by product_id
),

unstocked_categories as (
    select distinct {{ plain_name('category') }} as category
    from {{ ref('unstocked_categories') }}
),

line_totals as (
    select
        lines.product_id,
        count(distinct lines.order_id) filter (status_signs.is_purchase) as order_count,
        sum(lines.quantity) filter (status_signs.is_purchase) as units_sold,
        sum(lines.quantity) filter (lines.order_status = 'returned') as units_returned,
        sum(lines.revenue) as revenue,
        count(*) filter (lines.revenue is null) as unpriced_line_count,
        case
            when count(*) filter (lines.revenue <> 0 and lines.margin is null) = 0
                then coalesce(sum(lines.margin), 0)
        end as margin,
        min(lines.ordered_on) filter (status_signs.is_purchase) as first_sold_on,
        max(lines.ordered_on) filter (status_signs.is_purchase) as last_sold_on
    from lines
    inner join status_signs on lines.order_status = status_signs.order_status
    group by lines.product_id
),

products as (
    select
        coalesce(products_kept.product_id, line_totals.product_id) as product_id,
        products_kept.product_name,
        products_kept.category,
        products_kept.brand,
        products_kept.product_id is not null as is_listed,
        coalesce(products_kept.is_perishable, false) as is_perishable,
        unstocked_categories.category is null as is_stocked,
        products_kept.list_price,
        products_kept.unit_cost,
        products_kept.lead_time_days,
        products_kept.lead_time_sd_days,
        coalesce(line_totals.order_count, 0) as order_count,
        cast(coalesce(line_totals.units_sold, 0) as decimal(18, 4)) as units_sold,
        cast(coalesce(line_totals.units_returned, 0) as decimal(18, 4)) as units_returned,
        coalesce(line_totals.unpriced_line_count, 0) + coalesce(rejected_lines.line_count, 0)
            as unknown_line_count,
        cast(coalesce(line_totals.revenue, 0) as decimal(18, 4)) as revenue,
        cast(
            case when line_totals.product_id is null then 0 else line_totals.margin end
            as decimal(18, 4)
        ) as margin,
        line_totals.first_sold_on,
        line_totals.last_sold_on
    from products_kept
    full join line_totals on products_kept.product_id = line_totals.product_id
    left join rejected_lines
        on coalesce(products_kept.product_id, line_totals.product_id) = rejected_lines.product_id
    left join unstocked_categories
        on {{ plain_name('products_kept.category') }} = unstocked_categories.category
)

select * from products
