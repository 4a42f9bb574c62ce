"""Levels and backtest of all products as one stream of rows, a chunk of products at a time."""

from collections.abc import Iterator, Sequence
from datetime import date

import pandas as pd
import pyarrow as pa

from retail_analytics.inventory.levels import BACKTEST_COLUMNS, LEVEL_COLUMNS, inventory_chunks
from retail_analytics.inventory.settings import InventorySettings
from retail_analytics.storage.engine import Relation
from retail_analytics.storage.sql import literal

# Products at a time: a chunk of three years of days takes some 200 MB, whatever their number.
CHUNK = 1000
WHOLE = (
    *("history_days", "demand_days", "backtest_origins", "review_period_days", "service_cycles"),
    *("reorder_point_units", "order_up_to_units", "order_now_units", "cycles", "orders", "days"),
)
TEXT = (
    *("product_id", "abc_class", "demand_class", "method", "distribution", "lead_time_source"),
    *("service_source", "status", "reason", "rule"),
)
COLUMNS = (*LEVEL_COLUMNS, *(name for name in BACKTEST_COLUMNS if name not in LEVEL_COLUMNS))


def fit_inventory(
    articles: pd.DataFrame,
    *,
    demand: Relation,
    settings: pd.DataFrame,
    history_days: int,
    seed: int,
) -> pa.RecordBatchReader:
    """One row per product and rule: the product's levels, and what the rule did in the backtest.

    `articles` has an as_of_date, the same in every row, and the columns of `inventory_chunk`;
    `demand` has product_id, demanded_on and units; `settings` the columns of InventorySettings, in
    one row. Demand is read for a chunk of products when the reader asks for its rows.
    """

    def read_demand(ids: Sequence[str]) -> pd.DataFrame:
        # Chunks come in the order of product_id, so the demand of one lies in one piece.
        piece = f"product_id between {literal(ids[0])} and {literal(ids[-1])}"
        return demand.filter(f"{piece} and product_id in ({', '.join(map(literal, ids))})").df()

    def batches() -> Iterator[pa.RecordBatch]:
        if not len(articles):
            return
        sold = demand.aggregate(
            "demanded_on, cast(sum(cast(units as decimal(18, 4))) as double) as units"
        )
        for part in inventory_chunks(
            articles,
            read_demand,
            sold.df(),
            as_of_date=as_of_date(articles),
            history_days=history_days,
            settings=one_row(settings),
            seed=seed,
            chunk=CHUNK,
        ):
            measured = part.backtest.drop(columns=["as_of_date", "service_target"])
            rows = part.levels.merge(measured, on="product_id")
            yield pa.RecordBatch.from_pandas(rows, schema=schema(), preserve_index=False)

    return pa.RecordBatchReader.from_batches(schema(), batches())


def schema() -> pa.Schema:
    """Types of the rows; a chunk by itself cannot tell those of a column of nulls."""

    def type_of(name: str) -> pa.DataType:
        if name == "as_of_date":
            return pa.date32()
        if name in TEXT:
            return pa.string()
        if name == "is_seasonal":
            return pa.bool_()
        return pa.int64() if name in WHOLE else pa.float64()

    return pa.schema([(name, type_of(name)) for name in COLUMNS])


def as_of_date(articles: pd.DataFrame) -> date:
    """The day of all rows."""
    return pd.Timestamp(articles["as_of_date"].iloc[0]).date()


def one_row(settings: pd.DataFrame) -> InventorySettings:
    """The settings of the only row; ValueError where there is another number of rows."""
    if len(settings) != 1:
        raise ValueError(f"inventory_settings: {len(settings)} rows of the default category, not 1")
    fields = InventorySettings.__dataclass_fields__
    return InventorySettings(**settings[list(fields)].iloc[0].to_dict())
