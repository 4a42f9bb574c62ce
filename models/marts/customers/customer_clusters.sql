-- Clusters are fitted by cluster_fits (src/retail_analytics/customers/clusters.py).
-- 1. A customer belongs to the nearest centroid of the chosen clusters, in standardised logarithms.
-- 2. The silhouette is the simplified one (Hruschka et al. 2004), from distances to centroids: 1 in
--    the middle of the own cluster, 0 between two.
-- 3. Without a purchase, or without clusters, there is no cluster, and the status says so.
with customers as (
    select * from {{ ref('customer_rfm') }}
),

centroids as (
    select * from {{ ref('cluster_fits') }}
    where is_chosen
),

distances as (
    select
        customers.customer_id,
        centroids.cluster_id,
        centroids.cluster_name,
        sqrt(
            pow({{ standardised('recency_days') }} - centroids.recency_days_center, 2)
            + pow({{ standardised('frequency') }} - centroids.frequency_center, 2)
            + pow({{ standardised('monetary') }} - centroids.monetary_center, 2)
        ) as distance
    from customers
    cross join centroids
    where customers.recency_days is not null
),

nearest as (
    select
        customer_id,
        min_by(cluster_id, distance) as cluster_id,
        min_by(cluster_name, distance) as cluster_name,
        list_sort(list(distance)) as distances
    from distances
    group by customer_id
),

customer_clusters as (
    select
        customers.customer_id,
        nearest.cluster_name,
        'k-means on standardised log1p' as method,
        case when nearest.customer_id is null then 'insufficient_data' else 'ok' end as status,
        nearest.cluster_id,
        nearest.distances[1] as distance,
        (nearest.distances[2] - nearest.distances[1])
        / nullif(nearest.distances[2], 0) as silhouette,
        customers.as_of_date
    from customers
    left join nearest on customers.customer_id = nearest.customer_id
)

select * from customer_clusters
