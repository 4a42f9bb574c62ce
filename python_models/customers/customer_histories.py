"""One row per customer and purpose: the history of purchases, and the group of alike histories."""

from retail_analytics.customers.clv.warehouse import with_bins


def model(dbt, session):
    """Bins the histories so finely that the fits still read a bounded number of groups."""
    histories = dbt.ref("int_customer_histories")
    max_groups = int(dbt.config.meta_get("max_groups"))
    return with_bins(session, histories=histories, max_groups=max_groups)
