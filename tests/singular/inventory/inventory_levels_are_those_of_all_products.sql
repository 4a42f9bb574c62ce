-- Every product has its row in inventory_levels, with its revenue (null where no price is known),
-- and no other has; what is planned for has a row for each of the three rules in the backtest;
-- demand_classes adds up the levels.
with products as (
    select * from {{ ref('products') }}
),

levels as (
    select * from {{ ref('inventory_levels') }}
),

classes as (
    select * from {{ ref('demand_classes') }}
),

rule_counts as (
    select
        product_id,
        count(*) as rule_count
    from {{ ref('inventory_backtest') }}
    group by product_id
),

level_totals as (
    select
        demand_class,
        count(*) as product_count,
        sum(revenue) as revenue
    from levels
    where demand_class is not null
    group by demand_class
),

faulty_products as (
    select coalesce(products.product_id, levels.product_id) as fault
    from products
    full join levels on products.product_id = levels.product_id
    left join rule_counts on levels.product_id = rule_counts.product_id
    where
        (
            levels.revenue is distinct from products.revenue
            and not (
                levels.revenue is null and products.revenue = 0 and products.unknown_line_count > 0
            )
        )
        or (levels.status <> 'not_stocked') is distinct from products.is_stocked
        or coalesce(rule_counts.rule_count, 0)
        <> case when levels.service_target is null then 0 else 3 end
),

faulty_classes as (
    select coalesce(classes.demand_class, level_totals.demand_class) as fault
    from classes
    full join level_totals on classes.demand_class = level_totals.demand_class
    where
        classes.product_count is distinct from level_totals.product_count
        or classes.revenue is distinct from level_totals.revenue
)

select * from faulty_products
union all
select * from faulty_classes
