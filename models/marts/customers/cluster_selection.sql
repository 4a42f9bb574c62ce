with fits as (
    select * from {{ ref('cluster_fits') }}
),

cluster_selection as (
    select distinct
        k,
        is_chosen,
        inertia,
        silhouette,
        davies_bouldin,
        smallest_share,
        bootstrap_ari,
        row_count
    from fits
)

select * from cluster_selection
