"""One row per model, target, metric and baseline: how well the model did on held-out time."""

from retail_analytics.customers.clv.tables import backtest_models


def model(dbt, session):
    """Measures a sample of the customers that is the same on every build."""
    histories = dbt.ref("customer_histories")
    sample_rows = int(dbt.config.meta_get("sample_rows"))
    seed = int(dbt.config.meta_get("seed"))
    sample = session.sql(
        f"""
        select *
        from histories
        where purpose = 'backtest'
        order by hash(customer_id), customer_id
        limit {sample_rows}
        """
    )
    return backtest_models(sample.df(), seed=seed)
