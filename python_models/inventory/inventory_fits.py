"""One row per product and rule: the product's stock levels, and what the rule did in a replay."""

from retail_analytics.inventory.tables import fit_inventory


def model(dbt, session):
    """Fits a chunk of products at a time while the rows of the one before are written."""
    articles = dbt.ref("int_inventory_products")
    demand = dbt.ref("int_demand_days")
    settings = dbt.ref("inventory_settings")
    return fit_inventory(
        articles.df(),
        demand=demand,
        settings=settings.filter("category = 'default'").df(),
        history_days=int(dbt.config.meta_get("history_days")),
        seed=int(dbt.config.meta_get("seed")),
    )
