"""One row per week and channel: what the channel added to revenue, by the media mix."""

from retail_analytics.marketing.mix_tables import mix_contributions


def model(dbt, session):
    """Takes the draws of the mix through the weeks; fits nothing."""
    sales = dbt.ref("int_sales_weeks")
    media = dbt.ref("int_media_weeks")
    draws = dbt.ref("mix_draws")
    return mix_contributions(sales.df(), media.df(), draws.df())
