"""The models of customers that a person can roll back, by the rows of `served_models`."""

import pandas as pd

from retail_analytics.customers.churn.model import LAST_YEARS_LEVEL, LOGISTIC, RATE, RECENCY
from retail_analytics.customers.clv.fit import BASELINES, MODELS
from retail_analytics.statistics.champions import NO_REIGN, Reign

CHURN, VALUES = "customer_churn_risks", "customer_lifetime_values"
MODELS_OF = {
    CHURN: [name + level for name in (LOGISTIC, RECENCY, RATE) for level in ("", LAST_YEARS_LEVEL)],
    VALUES: [*MODELS, *BASELINES],
}


def customer_reign(mart: str, *, reigns: pd.DataFrame) -> Reign:
    """What a build knows of the models of churn or lifetime values before it decides.

    reigns: `int_model_reigns`, one row per mart with champion, worse_builds and pinned. ValueError
    where `pinned` is of no mart of MODELS_OF (the others choose anew in every build, per series or
    product, and no row rolls them back) or is no model of its mart.
    """
    for row in reigns[reigns["pinned"].notna()].itertuples():
        known = MODELS_OF.get(row.mart)
        if known is None:
            raise ValueError(
                f"served_models: {row.mart} chooses anew in every build, a row is not for it; "
                f"rows are for {', '.join(MODELS_OF)}"
            )
        if row.pinned not in known:
            raise ValueError(
                f"served_models: {row.mart} has no model {row.pinned}; it has {', '.join(known)}"
            )
    own = reigns[reigns["mart"] == mart]
    if own.empty:
        return NO_REIGN
    row = own.iloc[0]
    return Reign(
        champion=None if pd.isna(row["champion"]) else str(row["champion"]),
        worse_builds=0 if pd.isna(row["worse_builds"]) else int(row["worse_builds"]),
        pinned=None if pd.isna(row["pinned"]) else str(row["pinned"]),
    )
