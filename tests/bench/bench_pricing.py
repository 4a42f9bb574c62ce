"""What the tables of prices and campaigns find of the truths of priced samples.

    python tests/bench/bench_pricing.py [customers]

Five samples (20,000 customers without a number): elasticities by category, effects of discounts and
the hold-outs of campaigns beside their truths, and how often the 80 % intervals hold them. The SQL
runs in memory as it stands (tests/python/pricing_chain.py).
"""

import sys
import tempfile
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
from pricing_chain import campaigns, prices, shop  # noqa: E402

from retail_analytics.sample import write_sample  # noqa: E402

SEEDS = range(1, 6)


def found(seed: int, customers: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Elasticities, discounts and campaigns of one sample, each with its truth."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sample(
            customers=customers, out=folder, seed=seed, file_format="parquet", market="priced"
        )
        con = shop(folder)
        elasticities, discounts = prices(con)
        performance = campaigns(con)
        truths = pd.read_parquet(folder / "truth_elasticities.parquet")
        lifts = pd.read_parquet(folder / "truth_campaigns.parquet").set_index("campaign")
    truths = truths.rename(columns={"elasticity": "truth"})
    elasticities = elasticities.merge(truths, on="category")
    elasticities["is_inside"] = elasticities["truth"].between(
        elasticities["elasticity_lower"], elasticities["elasticity_upper"]
    )
    discounts = discounts[discounts["status"] == "ok"].merge(truths, on="category")
    uplift = (1 - discounts["mean_discount"]) ** discounts["truth"] - 1
    discounts["is_inside"] = uplift.between(discounts["uplift_lower"], discounts["uplift_upper"])
    truths_of = ["true_lift", "caused_order_count", "caused_margin"]
    performance = performance.loc[lifts.index].join(lifts[truths_of], rsuffix="_true")
    performance["is_inside"] = performance["true_lift"].between(
        performance["uplift_lower"], performance["uplift_upper"]
    )
    performance["holds_orders"] = performance["caused_order_count"].between(
        performance["caused_orders_lower"], performance["caused_orders_upper"]
    )
    performance["holds_margin"] = (
        performance["caused_margin_true"]
        .astype(float)
        .between(performance["caused_margin_lower"], performance["caused_margin_upper"])
    )
    return elasticities, discounts, performance


def main() -> None:
    """Prints the figures."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    parts = [found(seed, customers) for seed in SEEDS]
    elasticities, discounts, performance = (
        pd.concat(frames) for frames in zip(*parts, strict=True)
    )
    by_category = elasticities.groupby("category").agg(
        truth=("truth", "first"),
        mean=("elasticity", "mean"),
        own_mean=("own_elasticity", "mean"),
        inside=("is_inside", "mean"),
    )
    print(by_category.round(3).to_string())
    columns = ["uplift", "uplift_lower", "uplift_upper", "true_lift", "is_inside"]
    columns += ["caused_orders", "caused_order_count", "holds_orders", "naive_caused_orders"]
    columns += ["caused_margin", "caused_margin_true", "holds_margin", "verdict"]
    print(performance[columns].round(3).to_string())
    for name, frame in (
        ("elasticities", elasticities),
        ("discounts", discounts),
        ("campaigns", performance),
    ):
        print(
            f"{name}: {frame['is_inside'].mean():.3f} of {len(frame)} truths inside 80 % intervals"
        )


if __name__ == "__main__":
    main()
