"""The sample retailer: input tables of any size whose truths are known.

`process.py` declares every parameter, `docs/sample_retailer.md` explains them.
"""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from retail_analytics.sample.blocks import drawn_blocks
from retail_analytics.sample.dirt import with_dirt
from retail_analytics.sample.process import PROCESS
from retail_analytics.sample.rules import write_rules
from retail_analytics.sample.shop import shop_tables
from retail_analytics.sample.truths import truth_tables
from retail_analytics.sample.world import build_world
from retail_analytics.sample.writer import FORMATS, SampleWriter

MOST_YEARS = 30
MARKETS = ("steady", "lively", "priced", "watched")


def write_sample(
    *,
    customers: int,
    out: Path,
    seed: int = 20240101,
    years: int = 3,
    file_format: str = "csv",
    market: str = "steady",
) -> dict[str, int]:
    """Writes the input tables, truths and own rules of a made-up retailer; rows by table.

    The sample ends on 2024-12-31 and begins `years` calendar years before. In a lively market spend
    varies and pauses by whole weeks; in a priced one prices move and loyal customers get campaigns;
    in a watched one five things change that a watch should find.
    The same arguments give the same bytes. Raises ValueError for arguments that make no sample.
    """
    out = Path(out)
    check_arguments(customers=customers, out=out, seed=seed, years=years, file_format=file_format)
    if market not in MARKETS:
        raise ValueError(f"market must be {' or '.join(MARKETS)}, not {market}")
    process = replace(
        PROCESS,
        is_lively=market == "lively",
        is_priced=market == "priced",
        is_watched=market == "watched",
    )
    world = build_world(process, customers=customers, seed=seed, years=years)
    tally, rejections = None, []
    with SampleWriter(out, file_format) as writer:

        def write(tables: dict[str, pa.Table]) -> None:
            for name, table in tables.items():
                if name not in writer.rows:
                    table, truths = with_dirt(name, table)
                    rejections.extend(truths)
                writer.write(name, table)

        for tables, sums in drawn_blocks(world):
            write(tables)
            tally = sums if tally is None else tally + sums
        write(shop_tables(world, tally))
        write(truth_tables(world, tally))
        write({"truth_rejections": pa.Table.from_pylist(rejections)})
    write_rules(out, world)
    return writer.rows


def check_arguments(*, customers: int, out: Path, seed: int, years: int, file_format: str) -> None:
    """Raises ValueError, saying which argument is wrong."""
    if customers < 1:
        raise ValueError(f"customers must be 1 or more, not {customers}")
    if not 1 <= years <= MOST_YEARS:
        raise ValueError(f"years must be 1 to {MOST_YEARS}, not {years}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, not {seed}")
    if file_format not in FORMATS:
        raise ValueError(f"format must be {' or '.join(FORMATS)}, not {file_format}")
    if out.exists() and not out.is_dir():
        raise ValueError(f"out must be a folder, but {out} is a file")
    (other,) = set(FORMATS) - {file_format}
    if (out / f"orders.{other}").exists():
        raise ValueError(f"out already holds a sample as {other}: {out}; choose another folder")
