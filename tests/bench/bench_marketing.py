"""What the marketing tables find of the sample's truths, and what they cost.

    python tests/bench/bench_marketing.py              both tables
    python tests/bench/bench_marketing.py recovery     or cost

recovery: five samples of 20,000 customers; what channels caused by the tables over the truth. cost:
200,000 customers and a million touches; seconds that the nodes of the domain took one by one, the
longest of them, and the peak memory of the build.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from retail_analytics.sample import write_sample

ROOT = Path(__file__).resolve().parents[2]
RETAIL = Path(sys.executable).with_name("retail")
PARTS = ("+path:models/marts/marketing", "+path:python_models/marketing")
LEFT_OUT = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
SEEDS = range(1, 6)
RECOVERY = """
    select
        channel,
        evidence,
        status,
        caused_orders / nullif(caused_order_count, 0) as ratio,
        caused_order_count between caused_orders_lower and caused_orders_upper as is_covered,
        caused_orders_lower
    from marts.channel_increments inner join read_csv('{truths}') using (channel)
    order by channel
"""


def build(folder: Path) -> tuple[Path, list[dict]]:
    """Builds the domain and what it reads; the file of its public tables and dbt's results."""
    environment = {**os.environ, "DATA": str(folder / "data"), "AS_OF": ""}
    command = [str(RETAIL), "build", "--warehouse", str(folder / "warehouse"), "--select", *PARTS]
    command += [
        *LEFT_OUT,
        "--write-json",
        "--target-path",
        str(folder / "target"),
        "--log-path",
        str(folder),
    ]
    with (folder / "build.log").open("w") as log:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        sys.exit((folder / "build.log").read_text()[-3000:])
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    return folder / "warehouse" / "next.duckdb", results


def recovery(customers: int = 20_000) -> None:
    """What channels caused by the tables, over what they truly caused."""
    print(
        f"{'seed':<6}{'channel':<14}{'evidence':<12}{'status':<14}{'ratio':>7}{'in interval':>13}"
    )
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_sample(customers=customers, out=folder / "data", seed=seed)
            path, _ = build(folder)
            with duckdb.connect(str(path), read_only=True) as con:
                rows = con.execute(
                    RECOVERY.format(truths=folder / "data" / "truth_channels.csv")
                ).fetchall()
        for channel, evidence, status, ratio, is_covered, lower in rows:
            found = f"{ratio:.3f}" if ratio is not None else f"from {lower:,.0f}"
            print(f"{seed:<6}{channel:<14}{evidence:<12}{status:<14}{found:>7}{is_covered!s:>13}")


def cost(customers: int = 200_000) -> None:
    """Seconds of the domain's nodes, and the peak memory of the build that made them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sample(customers=customers, out=folder / "data", file_format="parquet")
        path, results = build(folder)
        with duckdb.connect(str(path), read_only=True) as con:
            ((touches,),) = con.execute("select count(*) from marts.touchpoints").fetchall()
        manifest = json.loads((folder / "target" / "manifest.json").read_text())["nodes"]
    seconds = {
        result["unique_id"].split(".")[-1]: result["execution_time"]
        for result in results
        if "/marketing/" in manifest.get(result["unique_id"], {}).get("original_file_path", "")
    }
    print(f"{touches:,} touches of {customers:,} customers: {sum(seconds.values()):.1f} s in all")
    for node, spent in sorted(seconds.items(), key=lambda item: -item[1])[:10]:
        print(f"{spent:>8.1f} s  {node}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of the build {peak:,.0f} MiB")


if __name__ == "__main__":
    for part in sys.argv[1:] or ["recovery", "cost"]:
        {"recovery": recovery, "cost": cost}[part]()
