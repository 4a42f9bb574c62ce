"""One row per origin: how well held-out weeks were predicted with media and without."""

from retail_analytics.marketing.mix import MixSettings
from retail_analytics.marketing.mix_tables import MixRules, mix_backtest


def model(dbt, session):
    """Fits the mix to the weeks before each origin, and predicts the eight after it."""
    sales = dbt.ref("int_sales_weeks")
    media = dbt.ref("int_media_weeks")
    settings = dbt.ref("int_marketing_settings")
    rules = settings.df().iloc[0]
    return mix_backtest(
        sales.df(),
        media.df(),
        rules=MixRules(
            fewest_weeks=int(rules["mix_fewest_weeks"]),
            most_noise=float(rules["mix_most_noise"]),
            least_variation=float(rules["mix_least_variation"]),
        ),
        settings=MixSettings(
            zero_probability=float(dbt.config.meta_get("zero_probability")),
            share_sd=float(dbt.config.meta_get("share_sd")),
            chains=int(dbt.config.meta_get("chains")),
            warm_up=int(dbt.config.meta_get("warm_up")),
            draws=int(dbt.config.meta_get("draws")),
        ),
    )
