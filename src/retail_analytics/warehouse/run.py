"""A build: checks what the user says and reads the files, then runs dbt in this process.

What is wrong with a setting or a file is said before dbt is imported, which takes seconds.
"""

import json
import os
import re
import signal
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType

import duckdb

from retail_analytics.inputs.contract import read_tables
from retail_analytics.inputs.ids import unmet_ids
from retail_analytics.inputs.load import (
    Contract,
    InputError,
    ShopSettings,
    load_inputs,
    parse_contract,
)
from retail_analytics.warehouse.apart import second_process
from retail_analytics.warehouse.build_file import BUILD, check_memory_limit, prepare_build_file
from retail_analytics.warehouse.publish import PUBLISHED, publishing

FAILED, NOT_UNDERSTOOD, INTERRUPTED = 1, 2, 130
# options of dbt that choose a part of the project
PARTS = {"--select", "-s", "--models", "-m", "--exclude", "--selector", "--resource-type"}
SAMPLE = Path("seeds", "sample")
# inputs whose every row belongs to an order
PARTS_OF_ORDERS = ("order_lines", "deliveries")
# rows of a file whose ids are looked up while it is read; `retail check` looks at all
ROWS_LOOKED_AT = 100_000
# the earliest day that an event can have; as in macros/platform/load_inputs.sql
FIRST_DAY = date(1990, 1, 1)


def run_build(
    arguments: list[str], *, project: Path, warehouse: Path, with_progress_bar: bool
) -> int:
    """Reads the inputs and runs `dbt build` with these further arguments.

    The settings (DATA, AS_OF, SHOP_TIME_ZONE, CURRENCY, MEMORY_LIMIT) come from the environment.
    Returns an exit code (docs/commands.md). Raises ValueError or RuntimeError, in words for the
    user, for a setting or file that is wrong.

    Without a bar dbt prints as it always does; with one, only what failed and why.
    """
    check_as_of(os.environ.get("AS_OF", ""))
    check_memory_limit()
    # dbt may run in another folder than the project's, and looks from there
    data = os.environ.get("DATA") or str(project / SAMPLE)
    with plain_path(warehouse) as folder, variables(DATA=data):
        prepare_build_file(folder / BUILD, shown=warehouse / BUILD, say=say)
        load_id = read_inputs(project, folder / BUILD)
        before = identity(warehouse / PUBLISHED)
        with second_process() if is_whole(arguments) else nullcontext():
            # seconds pass until it is there
            from retail_analytics.warehouse.dbt_build import invoke_dbt

            with variables(RETAIL_LOAD_ID=load_id, **where(folder, warehouse)), one_interrupt():
                outcome = invoke_dbt(
                    ["--project-dir", str(project), "--profiles-dir", str(project), *arguments],
                    with_progress_bar=with_progress_bar,
                )
        if outcome.was_interrupted:
            is_new = identity(warehouse / PUBLISHED) != before
            say(
                "retail build: interrupted after it had published"
                if is_new
                else "retail build: interrupted; the published file is as it was"
            )
            return INTERRUPTED
        if outcome.message and with_progress_bar:
            say(f"retail build: stopped: {outcome.message}")
        return outcome.exit_code


def is_whole(arguments: list[str]) -> bool:
    """Whether dbt builds the whole project; a part may have no fit at all."""
    return not any(argument.split("=")[0] in PARTS for argument in arguments)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def check_as_of(text: str) -> None:
    """Raises ValueError unless the text is empty or a day from 1990-01-01 to today (UTC)."""
    text = text.strip()
    today = datetime.now(UTC).date()
    try:
        is_day = not text or (
            re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None
            and FIRST_DAY <= date.fromisoformat(text) <= today
        )
    except ValueError:
        is_day = False
    if not is_day:
        raise ValueError(
            f"AS_OF must be a day from {FIRST_DAY} to today ({today}), written like 2024-12-31, "
            f"not '{text}'"
        )


def project_contract() -> Contract:
    """The input contract of this project."""
    return parse_contract(
        json.dumps(
            {
                table["name"]: {
                    column["name"]: column["config"]["meta"] for column in table["columns"]
                }
                for table in read_tables()
            }
        )
    )


def shop_settings() -> ShopSettings:
    """The settings of the shop as the environment has them."""
    return ShopSettings(
        time_zone=os.environ.get("SHOP_TIME_ZONE", "").strip() or "UTC",
        currency=os.environ.get("CURRENCY", "").strip(),
    )


def read_inputs(project: Path, build_file: Path) -> str:
    """Reads the input files into the build file; the id of this reading, for the hook of dbt.

    Says what the files leave to be said. Raises InputError.
    """
    folder = Path(os.environ["DATA"])
    with duckdb.connect(str(build_file)) as con:
        load_id, notes = load_folder(con, folder)
        check_orders_are_there(con)
        notes += [
            f"{unmet.table}: {unmet}"
            for unmet in unmet_ids(con, read_tables(), most_rows=ROWS_LOOKED_AT)
            # a few are usual; where most do not meet they are written in two ways
            if unmet.unmet_count > unmet.id_count / 2
        ]
    for note in notes:
        say(f"note: {note}")
    return load_id


def check_orders_are_there(con: duckdb.DuckDBPyConnection) -> None:
    """Raises InputError for parts of orders without a file of orders: no row would be usable."""
    files = dict(
        con.execute(
            "select input_table, source_file from raw.input_files "
            "where is_provided and (rows_read > 0 or input_table = 'orders')"
        ).fetchall()
    )
    parts = [files[table] for table in PARTS_OF_ORDERS if table in files]
    if parts and "orders" not in files:
        raise InputError(
            f"{' and '.join(parts)}: there is no file of the orders that these rows belong to; "
            f"add orders.csv or orders.parquet"
        )


def load_folder(con: duckdb.DuckDBPyConnection, folder: Path) -> tuple[str, list[str]]:
    """Reads a folder into the schema `raw`; the id of this reading, and notes for the user."""
    load_id = uuid.uuid4().hex
    con.execute("set TimeZone = 'UTC'")
    notes = load_inputs(
        con,
        folder=folder,
        contract=project_contract(),
        settings=shop_settings(),
        load_id=load_id,
    )
    return load_id, notes


@contextmanager
def variables(**values: str) -> Iterator[None]:
    """Sets variables of the environment for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def plain_path(warehouse: Path) -> Iterator[Path]:
    """The folder under a name that DuckDB and dbt cannot take for a URL.

    dbt reads `#` as a part of one, and both `md:` as the name of a service. A folder whose name
    holds a `?` is refused with ValueError: DuckDB looks for the log of its files elsewhere.
    """
    if "?" in os.path.abspath(warehouse):
        raise ValueError(
            f"WAREHOUSE={warehouse}: DuckDB cannot write into a folder with ? in its path; "
            f"choose another name"
        )
    if "#" in os.path.abspath(warehouse):
        warehouse.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            link = Path(work, "warehouse")
            link.symlink_to(os.path.abspath(warehouse))
            yield link
    elif ":" in str(warehouse):
        yield Path(os.path.abspath(warehouse))
    else:
        yield warehouse


def where(folder: Path, warehouse: Path) -> dict[str, str]:
    """The variable for the profile that says so, where the folder has another name for dbt."""
    return {} if folder == warehouse else {"RETAIL_BUILD_FOLDER": str(folder)}


@contextmanager
def one_interrupt() -> Iterator[None]:
    """Ctrl-C stops a build, but not while it publishes: that is done in a moment."""

    def handle(number: int, frame: FrameType | None) -> None:
        if publishing.is_set():
            say("retail build: it is publishing and will be done in a moment")
        else:
            raise KeyboardInterrupt

    before: Callable | int | None = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def identity(path: Path) -> tuple[int, int] | None:
    """The file that a name stands for; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
