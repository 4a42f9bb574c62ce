"""`make bench` for support: a million tickets with five million events, built beside nothing else.

    python tests/bench/bench_support.py                      1,000,000 tickets
    python tests/bench/bench_support.py --tickets 100000

What the build adds is the time of the nodes that read or make tables of support; dbt runs two at
once, so that it is an upper bound of the wall time added.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
DAY = 86_400
FIRST = np.datetime64("2022-01-01", "us")
TEAMS = ("Delivery", "Orders", "Returns", "Technical")
CHANNELS = ("email", "chat", "phone")
PRIORITIES = ("low", "normal", "high", "urgent")
EVENTS = ("opened", "assigned", "replied", "waiting", "assigned", "resolved")


def stamps(seconds: np.ndarray) -> np.ndarray:
    return FIRST + seconds.astype("timedelta64[s]")


def write_support(folder: Path, tickets: int) -> int:
    """Writes support_tickets and ticket_events of three years; the number of events."""
    rng = np.random.default_rng(1)
    size = tickets
    opened = np.sort(rng.integers(0, 3 * 365 * DAY, size))
    replied = opened + np.exp(rng.normal(8.5, 1.2, size)).astype(int)
    resolved = replied + np.exp(rng.normal(10.5, 1.2, size)).astype(int)
    # the last tickets are open
    end = 3 * 365 * DAY
    ids = pa.array([f"S{n}" for n in range(size)])
    team, agent = rng.integers(0, len(TEAMS), size), rng.integers(0, 50, size)
    names = pa.array(TEAMS).take(pa.array(team))
    agents = pa.array([f"{t.lower()}-{n}" for t in TEAMS for n in range(50)])
    seen = {"first_replied_at": replied, "resolved_at": resolved}
    columns = {
        "ticket_id": ids,
        "opened_at": pa.array(stamps(opened)),
        "team": names,
        "agent": agents.take(pa.array(team * 50 + agent)),
        "channel": pa.array(CHANNELS).take(pa.array(rng.integers(0, 3, size))),
        "priority": pa.array(PRIORITIES).take(pa.array(rng.integers(0, 4, size))),
        "topic": pa.array([f"topic {n}" for n in range(20)]).take(
            pa.array(rng.integers(0, 20, size))
        ),
        "satisfaction_score": pa.array(rng.integers(1, 6, size), mask=rng.random(size) < 0.6),
        "message": pa.array([f"I want my parcel number {n}." for n in range(1_000)]).take(
            pa.array(rng.integers(0, 1_000, size))
        ),
        "handle_minutes": pa.array(np.exp(rng.normal(2.2, 0.5, size)).round(1)),
        **{name: pa.array(stamps(at), mask=at >= end) for name, at in seen.items()},
    }
    pq.write_table(pa.table(columns), folder / "support_tickets.parquet")
    waits = rng.random(size) < 0.5
    half = (replied + resolved) // 2
    moments = np.stack(
        [
            opened,
            (opened + replied) // 2,
            replied,
            np.where(waits, half, end),
            np.where(waits, half + (resolved - half) // 2, end),
            resolved,
        ],
        axis=1,
    )
    ticket, event = np.nonzero(moments < end)
    events = {
        "ticket_id": ids.take(pa.array(ticket)),
        "occurred_at": pa.array(stamps(moments[ticket, event])),
        "event": pa.array(EVENTS).take(pa.array(event)),
        "team": names.take(pa.array(ticket)),
    }
    pq.write_table(pa.table(events), folder / "ticket_events.parquet")
    # the sample's hours, holidays and promises
    shutil.copytree(ROOT / "seeds" / "sample" / "rules", folder / "rules")
    return len(ticket)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retail-bench-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        events = write_support(folder / "data", options.tickets)
        print(f"{options.tickets:,} tickets, {events:,} events", flush=True)
        log = folder / "build.log"
        start = time.monotonic()
        with log.open("w") as output:
            code = subprocess.call(
                [
                    str(BIN / "retail"),
                    "build",
                    "--write-json",
                    "--target-path",
                    str(folder / "target"),
                ],
                cwd=ROOT,
                env={
                    **os.environ,
                    "DATA": str(folder / "data"),
                    "WAREHOUSE": str(folder / "warehouse"),
                    "AS_OF": "",
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wall = time.monotonic() - start
        if code:
            sys.exit(f"the build failed:\n{log.read_text()[-3000:]}")
        nodes = json.loads((folder / "target" / "manifest.json").read_text())["nodes"]
        spent = {}
        for result in json.loads((folder / "target" / "run_results.json").read_text())["results"]:
            path = nodes.get(result["unique_id"], {}).get("original_file_path", "")
            if "/support/" in path or "support_tickets" in path or "ticket_events" in path:
                spent[Path(path).name] = spent.get(Path(path).name, 0) + result["execution_time"]
        for part, seconds in sorted(spent.items(), key=lambda item: -item[1])[:12]:
            print(f"{part:<44}{seconds:>8.1f} s")
        print(f"{'nodes of support':<44}{sum(spent.values()):>8.1f} s")
        print(f"{'whole build, tested and published':<44}{wall:>8.1f} s wall")


if __name__ == "__main__":
    main()
