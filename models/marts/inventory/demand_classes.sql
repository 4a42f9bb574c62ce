-- 1. The usual method of a class is the one that serves most of its products; the first by name
--    where that ties.
with levels as (
    select * from {{ ref('inventory_levels') }}
    where demand_class is not null
),

method_counts as (
    select
        demand_class,
        method,
        count(*) as product_count
    from levels
    where method is not null
    group by demand_class, method
),

usual_methods as (
    select
        demand_class,
        method as usual_method
    from method_counts
    qualify
        row_number() over (partition by demand_class order by product_count desc, method asc) = 1
),

class_totals as (
    select
        demand_class,
        count(*) as product_count,
        sum(revenue) as revenue,
        median(mean_daily_demand) as median_daily_demand,
        median(adi) as median_adi,
        median(cv2) as median_cv2,
        max(as_of_date) as as_of_date
    from levels
    group by demand_class
),

demand_classes as (
    select
        class_totals.demand_class,
        usual_methods.usual_method,
        class_totals.product_count,
        class_totals.product_count / sum(class_totals.product_count) over () as product_share,
        cast(class_totals.revenue as decimal(18, 4)) as revenue,
        cast(
            class_totals.revenue / nullif(sum(class_totals.revenue) over (), 0) as double
        ) as revenue_share,
        class_totals.median_daily_demand,
        class_totals.median_adi,
        class_totals.median_cv2,
        class_totals.as_of_date
    from class_totals
    left join usual_methods on class_totals.demand_class = usual_methods.demand_class
)

select * from demand_classes
