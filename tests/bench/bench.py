"""`make bench`: wall time, processor time and peak memory of whole builds, beside what they are
measured against in the same run. These machines are noisy: the ratios are the figures to quote.

    make bench                                    100,000 customers of the sample retailer
    make bench ARGS="--customers 1000000"
    make bench ARGS="--against pandas"            beside pandas, scikit-learn and lifetimes
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "bench"
BIN = Path(sys.executable).parent
PANDAS_VENV = ROOT / ".venv-bench"
PANDAS_PACKAGES = ["numpy<2.3", "pandas", "scipy", "scikit-learn", "pyarrow", "lifetimes"]


@dataclass(frozen=True)
class Measurement:
    """What a finished process cost: seconds, seconds of both cores, MiB."""

    name: str
    wall: float
    cpu: float
    peak: float

    def __str__(self) -> str:
        return f"{self.name:<44}{self.wall:>9.1f} s wall{self.cpu:>9.1f} s cpu{self.peak:>8.0f} MiB"


def measure(name: str, command: list[str], *, log: Path, **environment: str) -> Measurement:
    """Runs a command to its end; stops the bench when it fails."""
    with log.open("w") as output:
        start = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
    if status:
        sys.exit(f"{name} failed:\n{log.read_text()[-3000:]}")
    result = Measurement(name, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    print(result, flush=True)
    return result


def print_ratio(ours: Measurement, other: Measurement) -> None:
    print(
        f"{ours.name} / {other.name}: "
        f"wall {ours.wall / other.wall:.2f}, cpu {ours.cpu / other.cpu:.2f}, "
        f"memory {ours.peak / other.peak:.2f}"
    )


def build(folder: Path, data: Path) -> Measurement:
    return measure(
        "whole build, tested and published",
        [str(BIN / "retail"), "build", "--write-json", "--target-path", str(folder / "target")],
        log=folder / "build.log",
        DATA=str(data),
        WAREHOUSE=str(folder / "warehouse"),
    )


def against_duckdb(folder: Path, customers: int) -> None:
    """The whole build beside DuckDB alone, reading the same files and writing the same tables."""
    data = folder / "data"
    command = [str(BIN / "retail"), "sample", "--customers", str(customers), "--format", "parquet"]
    measure("sample retailer", [*command, "--out", str(data)], log=folder / "sample.log")
    ours = build(folder, data)
    bare = measure(
        "DuckDB alone, the same compiled SQL",
        [sys.executable, __file__, "--replay", str(folder)],
        log=folder / "replay.log",
    )
    print((folder / "replay.log").read_text().strip())
    print_ratio(ours, bare)


def replay(folder: Path) -> None:
    """Runs a build's compiled SQL in DuckDB: no constraint, no test, no copy to publish.

    Left out is what no compiled SQL makes: Python models and what is made from them.
    """
    import duckdb

    from retail_analytics.inputs.load import load_inputs, parse_contract
    from retail_analytics.warehouse.memory import load_memory

    nodes = json.loads((folder / "target" / "manifest.json").read_text())
    contract = {
        source["name"]: {name: column["meta"] for name, column in source["columns"].items()}
        for source in nodes["sources"].values()
        if source["source_name"] == "raw"
    }
    con = duckdb.connect(str(folder / "build.duckdb"))
    con.execute("set TimeZone = 'UTC'")
    load_inputs(con, folder=folder / "data", contract=parse_contract(json.dumps(contract)))
    load_memory(con, folder / "no build before")
    order = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    made: set[str] = set()
    for result in order:
        node = nodes["nodes"].get(result["unique_id"], {})
        target = f"{node.get('schema')}.{node.get('name')}"
        if node.get("resource_type") == "seed":
            con.execute(f"create schema if not exists {node['schema']}")
            con.execute(
                f"create table {target} as from read_csv('{ROOT / node['original_file_path']}', "
                f"types = {node['config']['column_types']})"
            )
            made.add(result["unique_id"])
        elif node.get("resource_type") == "model" and node["language"] == "sql":
            parents = [
                name for name in node["depends_on"]["nodes"] if not name.startswith("source")
            ]
            if made.issuperset(parents):
                kind = node["config"]["materialized"]
                con.execute(f"create schema if not exists {node['schema']}")
                con.execute(f"create {kind} {target} as {result['compiled_code']}")
                made.add(result["unique_id"])
    models = [name for name in made if name.startswith("model")]
    everything = [name for name in nodes["nodes"] if name.startswith("model")]
    print(f"DuckDB alone made {len(models)} of {len(everything)} models")


def against_pandas(folder: Path, customers: int, steps: str) -> None:
    """The whole build beside what a user would write instead, on the same files."""
    if not SHARED.exists():
        sys.exit(f"{SHARED} is not there: it holds what the build is measured against")
    if not PANDAS_VENV.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PANDAS_VENV)], check=True)
        pip = [str(PANDAS_VENV / "bin" / "pip"), "install", "--quiet", *PANDAS_PACKAGES]
        subprocess.run(pip, check=True)
    data = folder / "data"
    maker = [sys.executable, str(SHARED / "make_commerce.py"), str(data), str(customers)]
    measure("input files", maker, log=folder / "data.log")
    ours = build(folder, data)
    pipeline = [str(PANDAS_VENV / "bin" / "python"), str(SHARED / "pandas_pipeline.py")]
    other = measure(
        "pandas, scikit-learn, lifetimes",
        [*pipeline, str(data), str(folder / "pandas"), steps],
        log=folder / "pandas.log",
    )
    print((folder / "pandas.log").read_text().strip())
    print_ratio(ours, other)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--against", choices=["duckdb", "pandas"], default="duckdb")
    parser.add_argument("--steps", default="rfm,kmeans,clv,reco", help="of the pandas pipeline")
    parser.add_argument("--replay", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.replay:
        replay(options.replay)
        return
    with tempfile.TemporaryDirectory(prefix="retail-bench-") as folder:
        print(f"{options.customers:,} customers")
        if options.against == "pandas":
            against_pandas(Path(folder), options.customers, options.steps)
        else:
            against_duckdb(Path(folder), options.customers)


if __name__ == "__main__":
    main()
