"""`retail check`: what would become of the rows of a folder, said without a build.

The rules are those of a build: the files are read as it reads them, and the staging models run, in
a warehouse of its own that is removed afterwards.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from retail_analytics.inputs.contract import read_tables
from retail_analytics.inputs.ids import unmet_ids
from retail_analytics.storage.sql import identifier
from retail_analytics.warehouse.build_file import BUILD, prepare_build_file
from retail_analytics.warehouse.run import load_folder, say, variables

# what stands before the name of a column in a reason
FAULTS = ("missing_", "unreadable_", "invalid_", "implausible_")
WORK = Path("target", "check")
# how values are read, of what could not be
READ_AS = {
    "date": "days are read as 2024-12-31",
    "timestamp": "times are read as 2024-12-31 18:30, a zone such as +01:00 behind it",
    "decimal": "amounts are read as 1234.56, without the sign of a currency",
    "count": "counts are read as whole numbers such as 3",
    "boolean": "answers are read as true or false, yes or no, 1 or 0",
}


@dataclass
class FileCheck:
    """What became of the rows of a file; `lines` are what is to be said of them."""

    table: str
    source_file: str
    rows_read: int
    statuses: dict[str, int] = field(default_factory=dict)
    first_day: str = ""
    last_day: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def is_usable(self) -> bool:
        """Whether a build could use it: a file without rows is a table without rows."""
        counted = self.statuses.get("kept", 0) + self.statuses.get("after_as_of", 0)
        return not self.rows_read or counted > 0


def check_folder(data: Path, *, project: Path) -> list[FileCheck]:
    """What a build would make of each file. Raises ValueError or RuntimeError, in words."""
    work = project / WORK
    # one path for all checks: where it is another dbt parses the project anew
    warehouse = work / "warehouse"
    shutil.rmtree(warehouse, ignore_errors=True)
    try:
        prepare_build_file(warehouse / BUILD, say=say)
        with duckdb.connect(str(warehouse / BUILD)) as con:
            load_id, notes = load_folder(con, data)
        with variables(WAREHOUSE=str(warehouse), DATA=str(data), RETAIL_LOAD_ID=load_id):
            run_staging(project, work)
        with duckdb.connect(str(warehouse / BUILD)) as con:
            return collect(con, notes)
    finally:
        # it holds the user's rows
        shutil.rmtree(warehouse, ignore_errors=True)


def run_staging(project: Path, work: Path) -> None:
    """Runs the staging models, whose SQL is the only place that judges rows."""
    from retail_analytics.warehouse.dbt_build import close_files, invoke_dbt

    outcome = invoke_dbt(
        ["--select", "path:models/staging", "--project-dir", str(project)]
        + ["--profiles-dir", str(project), "--target-path", str(work.absolute())]
        + ["--log-path", str(work.absolute()), "--no-write-json"],
        command="run",
        is_quiet=True,
    )
    # the next check in this process has a file of the same name
    close_files()
    if outcome.exit_code:
        raise RuntimeError(f"the staging models did not run: {outcome.message or 'see above'}")


def collect(con: duckdb.DuckDBPyConnection, notes: list[str]) -> list[FileCheck]:
    """What the staging models left, a file after the other."""
    tables = read_tables()
    checks = {
        table: FileCheck(table, source_file, rows_read)
        for table, source_file, rows_read in con.execute(
            "select input_table, source_file, rows_read from raw.input_files where is_provided"
        ).fetchall()
    }
    for table in tables:
        check = checks.get(table["name"])
        if check:
            judge(con, table, check)
            check.lines += [
                note.removeprefix(f"{check.source_file}: ")
                for note in notes
                if note.startswith(f"{check.source_file}: ")
            ]
    for unmet in unmet_ids(con, tables):
        checks[unmet.table].lines.append(str(unmet))
    return list(checks.values())


def judge(con: duckdb.DuckDBPyConnection, table: dict, check: FileCheck) -> None:
    """Fills in the verdicts on the rows of a file, and an example of each reason."""
    name = check.table
    staged = f"staging.{identifier('stg_' + name)}"
    check.statuses = dict(
        con.execute(f"select row_status, count(*) from {staged} group by all").fetchall()
    )
    unreadable = con.execute(
        "select row_number, line_text, count(*) over () from raw.unreadable_rows "
        "where input_table = ? order by row_number limit 1",
        [name],
    ).fetchall()
    days = con.execute(
        "select cast(cast(first_event_at as date) as varchar), "
        "cast(cast(last_event_at as date) as varchar) "
        "from raw.input_events where input_table = ?",
        [name],
    ).fetchall()
    for first, last in days:
        check.first_day, check.last_day = first or "", last or ""
    reasons = con.execute(
        f"select reasons[1] as first_reason, count(*), min(row_number) from {staged} "
        f"where row_status = 'rejected' group by first_reason order by count(*) desc, first_reason"
    ).fetchall()
    for reason, count, row_number in reasons:
        example = example_of(con, table, reason, row_number) + read_as(table, reason)
        check.lines.append(f"{count:,} rejected: {reason}, such as row {row_number:,}{example}")
    ((outdated,),) = con.execute(
        f"select count(*) from {staged} where has_rejected_state and row_status = 'kept'"
    ).fetchall()
    if outdated:
        check.lines.append(
            f"{outdated:,} kept of which a newer state was rejected: what it may have changed is "
            f"unknown"
        )
    is_personal = any(
        column["config"]["meta"].get("is_personal", False) for column in table["columns"]
    )
    for row_number, line, count in unreadable:
        check.statuses["rejected"] = check.statuses.get("rejected", 0) + count
        check.lines.append(
            f"{count:,} rejected: unreadable_row, such as row {row_number:,}: "
            + ("(withheld)" if is_personal else repr(line[:60]))
        )


def example_of(con: duckdb.DuckDBPyConnection, table: dict, reason: str, row_number: int) -> str:
    """The value at fault in a row, unless it is personal."""
    columns = {column["name"]: column["config"]["meta"] for column in table["columns"]}
    said = [reason.removeprefix(fault) for fault in FAULTS if reason.startswith(fault)]
    if reason.startswith("unknown_"):
        said = [reason.removeprefix("unknown_") + "_id"]
    if reason == "duplicate_key":
        said = table["config"]["meta"].get("key") or []
    shown = [name for name in said if name in columns]
    if not shown or reason.startswith("missing_"):
        return ""
    values = con.execute(
        f"select {', '.join(f'cast({identifier(name)} as varchar)' for name in shown)} "
        f"from raw.{identifier(table['name'])} where row_number = ?",
        [row_number],
    ).fetchall()[0]
    return ": " + ", ".join(
        f"{name} = {'(withheld)' if columns[name].get('is_personal') else repr((value or '')[:60])}"
        for name, value in zip(shown, values, strict=True)
    )


def read_as(table: dict, reason: str) -> str:
    """How the values of a column are read of which one was not."""
    for column in table["columns"]:
        if reason == f"unreadable_{column['name']}":
            meta = column["config"]["meta"]
            if choices := meta.get("choices"):
                return f"; it must be {', '.join(choices[:-1])} or {choices[-1]}"
            return f"; {READ_AS[meta['type']]}"
    return ""


def as_text(checks: list[FileCheck]) -> str:
    """The report for a terminal: a line per file, and below it what is to be said of it."""
    header = ("file", "read", "kept", "rejected", "duplicate", "after as-of", "from", "to")
    rows = [
        (
            check.source_file,
            f"{check.rows_read:,}",
            *(
                f"{check.statuses.get(status, 0):,}"
                for status in ("kept", "rejected", "duplicate", "after_as_of")
            ),
            check.first_day,
            check.last_day,
        )
        for check in checks
    ]
    widths = [max(len(row[at]) for row in [header, *rows]) for at in range(len(header))]
    lines = [row_text(header, widths)]
    for check, row in zip(checks, rows, strict=True):
        lines.append(row_text(row, widths))
        if not check.is_usable:
            lines.append("    no row of this file can be used")
        lines += [f"    {line}" for line in check.lines]
    return "\n".join(lines)


def row_text(row: tuple[str, ...], widths: list[int]) -> str:
    """A row of the report: numbers to the right, all else to the left."""
    return "  ".join(
        text.rjust(width) if 1 <= at <= 5 else text.ljust(width)
        for at, (text, width) in enumerate(zip(row, widths, strict=True))
    ).rstrip()
