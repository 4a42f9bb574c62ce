"""One row per number of clusters and cluster: centroid, name, and how good that number is."""

from retail_analytics.customers.clusters import fit_clusters
from retail_analytics.storage.engine import query
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Fits k-means on a sample of the buyers that is the same on every build."""
    customers = dbt.ref("customer_rfm")
    sample_rows = int(dbt.config.meta_get("sample_rows"))
    seed = int(dbt.config.meta_get("seed"))
    sample = query(
        session,
        f"""
        select customer_id, recency_days, frequency, cast(monetary as double) as monetary
        from customers
        where recency_days is not null
        order by md5(customer_id), customer_id
        limit {sample_rows}
        """,
        customers=customers,
    )
    return apart(fit_clusters, sample.df(), seed=seed)
