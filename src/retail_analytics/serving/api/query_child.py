"""Runs one query with hard limits: reads a request as JSON on stdin, answers in JSON on stdout.

A program of its own that imports nothing of this project: `guarded.py` starts it and explains why.
"""

import json
import math
import os
import resource
import sys
import threading
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import duckdb

ADDRESS_SPACE = 3 << 30
CELL_CHARACTERS = 2000


def limited(seconds: float) -> None:
    """Limits that the process cannot raise again."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    processor = math.ceil(seconds) * 2 + 2
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
    os.nice(5)


def plain(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value[:CELL_CHARACTERS]]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in list(value.items())[:CELL_CHARACTERS]}
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def answer(request: dict) -> dict:
    con = duckdb.connect(
        config={"threads": 1, "memory_limit": request["memory"], "temp_directory": ""}
    )
    path = request["path"].replace("'", "''")
    con.execute(f"attach '{path}' as retail (read_only)")
    # the builds are swapped by renaming: what was opened bears the identity that is found after it
    status = os.stat(request["path"])
    if [status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size] != request["identity"]:
        return {"kind": "replaced"}
    con.execute("use retail")
    con.execute("set timezone = 'UTC'")
    con.execute("set autoinstall_known_extensions = false")
    con.execute("set autoload_known_extensions = false")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    limited(request["seconds"])
    timer = threading.Timer(request["seconds"], con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        result = con.execute(request["sql"])
        columns = [{"name": item[0], "type": str(item[1])} for item in result.description]
        rows, size = [], 0
        while len(rows) <= request["limit"]:
            found = result.fetchmany(100)
            if not found:
                break
            for row in found:
                cells = [plain(value) for value in row]
                size += len(json.dumps(cells, ensure_ascii=False).encode("utf-8", "replace"))
                rows.append(cells)
            if size > 2 * request["bytes"]:
                return {"kind": "large"}
    except duckdb.InterruptException:
        return {"kind": "slow"}
    except (duckdb.Error, MemoryError, RuntimeError, OverflowError, ValueError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        return {"error": line[:300]}
    kept = rows[: request["limit"]]
    written = {"columns": columns, "rows": kept, "has_more": len(rows) > request["limit"]}
    if len(json.dumps(written, ensure_ascii=False).encode("utf-8", "replace")) > request["bytes"]:
        return {"kind": "large"}
    return written


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(json.loads(sys.stdin.read()))))
