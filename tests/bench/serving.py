"""How fast the HTTP API is: cached reads, and point lookups on a million customers.

    .venv-serving/bin/python tests/bench/serving.py --warehouse warehouse [--customers 1000000]

The load comes from this machine, over keep-alive connections, so that server and clients share its
cores. Prints a line per case; ends with 1 where a promise of docs/api.md is not kept.
"""

import argparse
import asyncio
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

PORT = 8797
CACHED_SECONDS, CLIENTS = 8.0, 8
LOOKUP_SECONDS, PER_SECOND = 10.0, 50
RETAIL = Path(sys.executable).parent / "retail"


def grown(source: Path, target: Path, customers: int) -> None:
    """The published file with its customers repeated under other ids, in the tables of lookups."""
    shutil.copy(source, target)
    target.chmod(0o644)
    with duckdb.connect(str(target)) as con:
        count = con.execute("select count(*) from marts.customers").fetchall()[0][0]
        copies = max(1, round(customers / count))
        for table in ("customers", "customer_lifetime_values", "customer_churn_risks"):
            con.execute(
                f"insert into marts.{table} select known.* replace (customer_id || '-' || n as "
                f"customer_id) from marts.{table} as known, range(1, {copies}) as copies (n) "
                # as a build writes them
                "order by all"
            )
            con.execute(
                f"update quality.meta set row_count = (select count(*) from marts.{table}) "
                "where table_name = ?",
                [table],
            )
        con.execute("checkpoint")


async def request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> int:
    """One GET over an open connection; the status."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    )
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])


async def cached(path: str) -> tuple[list[float], int]:
    times: list[float] = []
    wrong = 0
    end = time.perf_counter() + CACHED_SECONDS

    async def client() -> None:
        nonlocal wrong
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        while (start := time.perf_counter()) < end:
            wrong += await request(reader, writer, path) != 200
            times.append(time.perf_counter() - start)
        writer.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return times, wrong


async def lookups(ids: list[str]) -> tuple[list[float], int]:
    """So many lookups per second, each of another customer, whether or not the last one is back."""
    times: list[float] = []
    wrong = 0

    async def one(name: str, at: float) -> None:
        nonlocal wrong
        await asyncio.sleep(at)
        start = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        wrong += await request(reader, writer, f"/api/v1/customers/{name}/clv") != 200
        times.append(time.perf_counter() - start)
        writer.close()

    await asyncio.gather(*(one(name, n / PER_SECOND) for n, name in enumerate(ids)))
    return times, wrong


def p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))] * 1000


def wait() -> None:
    import urllib.request

    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://localhost:{PORT}/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server does not start")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", type=Path, default=Path("warehouse"))
    parser.add_argument("--customers", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        grown(given.warehouse / "retail.duckdb", folder / "retail.duckdb", given.customers)
        with duckdb.connect(str(folder / "retail.duckdb"), read_only=True) as con:
            wanted = int(LOOKUP_SECONDS * PER_SECOND)
            ids = [
                row[0] for row in con.execute("select customer_id from marts.customers").fetchall()
            ]
        ids = random.Random(1).sample(ids, wanted)
        server = subprocess.Popen(
            [RETAIL, "serve", "--port", str(PORT), "--warehouse", folder, "--with-personal"],
            stderr=subprocess.DEVNULL,
        )
        try:
            wait()
            asyncio.run(lookups(ids[:5]))
            cold, failed = asyncio.run(lookups(ids[5:]))
            warm, wrong = asyncio.run(cached("/api/v1/predictions/churn?limit=20"))
        finally:
            server.terminate()
            server.wait()
    rate = len(warm) / CACHED_SECONDS
    print(f"cached reads: {rate:,.0f} a second, p95 {p95(warm):.1f} ms, {wrong} failed")
    print(
        f"lookups among {given.customers:,} customers at {PER_SECOND} a second: "
        f"p95 {p95(cold):.1f} ms, {failed} failed"
    )
    kept = rate >= 1000 and p95(warm) < 100 and p95(cold) < 100 and not wrong + failed
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
