"""One row per channel and draw of the media mix, and one (draw 0) on how the fit stands."""

from retail_analytics.marketing.mix import MixSettings
from retail_analytics.marketing.mix_tables import MixRules, mix_draws


def model(dbt, session):
    """Fits weekly revenue to weekly spend, or to impressions of what costs nothing."""
    sales = dbt.ref("int_sales_weeks")
    media = dbt.ref("int_media_weeks")
    settings = dbt.ref("int_marketing_settings")
    rules = settings.df().iloc[0]
    return mix_draws(
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
        ),
    )
