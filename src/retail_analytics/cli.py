"""The command `retail`: build and roll back, look and compare, export and report, make a sample."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

DEFAULT_WAREHOUSE = "warehouse"


class UsageError(Exception):
    """The command cannot be carried out as given; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code: 0 done, 1 failed, 2 not understood."""
    parser = make_parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.run is not build:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    options.rest = [argument for argument in rest if argument != "--"]
    try:
        return options.run(options)
    except (UsageError, ValueError, OSError, RuntimeError) as error:
        print(f"retail {options.command}: {error}", file=sys.stderr)
        return 1


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="retail", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        sub.set_defaults(run=run)
        return sub

    sub = command("build", build)
    sub.add_argument("--data", help="folder of input files (default: DATA, else the sample)")
    sub.add_argument("--as-of", help="YYYY-MM-DD that counts as today (default: AS_OF)")
    sub.add_argument(
        "--unit-tests", action="store_true", help="also prove the SQL on rows by hand, as CI does"
    )
    add_warehouse(sub)
    add_warehouse(command("rollback", rollback))
    sub = command("show", show)
    sub.add_argument("table", help="name of a mart")
    sub.add_argument("--rows", type=int, default=10)
    add_warehouse(sub)
    sub = command("diff", diff)
    sub.add_argument("table", help="name of a mart")
    add_warehouse(sub)
    sub = command("export", export)
    sub.add_argument("--out", type=Path, help="folder to write (default: exports in the warehouse)")
    add_warehouse(sub)
    sub = command("report", report)
    sub.add_argument(
        "--topic", required=True, help="a file of the questions: overview, customers, ..."
    )
    sub.add_argument("--format", required=True, choices=["xlsx", "pdf", "html", "csv"])
    sub.add_argument("--out", type=Path, required=True, help="file to write")
    add_questions(sub)
    add_warehouse(sub)
    sub = command("dashboards", dashboards)
    sub.add_argument("--out", type=Path, help="folder (default: dashboards in the warehouse)")
    add_questions(sub)
    add_warehouse(sub)
    sub = command("budget", budget)
    sub.add_argument("--total", type=float, required=True, help="amount for the whole horizon")
    sub.add_argument("--horizon", type=int, default=4, help="weeks it is spread over (default: 4)")
    for bound, word in (("min", "least"), ("max", "most")):
        sub.add_argument(
            f"--{bound}",
            action="append",
            default=[],
            metavar="CHANNEL=AMOUNT",
            help=f"{word} for a channel over the horizon; may be given for each",
        )
    sub.add_argument("--format", choices=["table", "json"], default="table")
    add_warehouse(sub)
    sub = command("sample", sample)
    sub.add_argument("--customers", type=int, required=True)
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--seed", type=int)
    sub.add_argument("--years", type=int)
    sub.add_argument("--format", choices=["csv", "parquet"])
    sub.add_argument(
        "--market", choices=["steady", "lively"], help="how much spend on channels varies"
    )
    sub = command("convert", convert)
    sub.add_argument("script", type=Path, help="SQL that makes input tables from other files")
    sub.add_argument("--source", type=Path, required=True, help="folder of those files")
    sub.add_argument("--out", type=Path, required=True, help="folder for the input tables")
    return parser


def add_questions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--questions", type=Path, default=Path("dashboards"), help="folder of the questions"
    )


def add_warehouse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--warehouse",
        default=os.environ.get("WAREHOUSE") or DEFAULT_WAREHOUSE,
        help="folder of the database files (default: WAREHOUSE, else warehouse)",
    )


def build(options: argparse.Namespace) -> int:
    """Builds, tests and publishes the warehouse; further arguments go to dbt build."""
    if not Path("dbt_project.yml").exists():
        raise UsageError("there is no dbt_project.yml here; run this in the project's folder")
    os.environ["WAREHOUSE"] = options.warehouse
    os.environ["DATA"] = options.data or os.environ.get("DATA") or ""
    os.environ["AS_OF"] = options.as_of or os.environ.get("AS_OF") or ""
    # dbt takes seconds to import: only this command pays for it
    from retail_analytics.warehouse.run import run_build

    arguments = [] if options.unit_tests else ["--exclude-resource-type", "unit_test"]
    return run_build([*arguments, *options.rest], with_progress_bar=sys.stderr.isatty())


def rollback(options: argparse.Namespace) -> int:
    """Publishes the file from before the last build again; a second call undoes the first."""
    from retail_analytics.warehouse.publish import describe, rollback

    path = rollback(Path(options.warehouse))
    print(f"published: {describe(path)}")
    return 0


def show(options: argparse.Namespace) -> int:
    """Prints the first rows of a published mart."""
    from retail_analytics.serving.look import first_rows

    print(first_rows(Path(options.warehouse), options.table, rows=options.rows))
    return 0


def diff(options: argparse.Namespace) -> int:
    """Compares a mart of the build file with the published one, column by column."""
    from retail_analytics.serving.look import difference

    print(difference(Path(options.warehouse), options.table))
    return 0


def export(options: argparse.Namespace) -> int:
    """Writes every published mart as Parquet and CSV, with a manifest."""
    from retail_analytics.serving.export import export_marts

    out = options.out or Path(options.warehouse) / "exports"
    written = export_marts(Path(options.warehouse), out)["files"]
    size = sum(entry["bytes"] for entry in written)
    print(f"{out}: {len(written)} files, {size:,} bytes, {out / 'manifest.json'}")
    return 0


def report(options: argparse.Namespace) -> int:
    """Writes a report of a topic as Excel workbook, PDF, web page or CSV."""
    from retail_analytics.serving.reports import write_report

    print(
        write_report(
            Path(options.warehouse),
            topic=options.topic,
            file_format=options.format,
            out=options.out,
            questions=options.questions,
        )
    )
    return 0


def dashboards(options: argparse.Namespace) -> int:
    """Writes the dashboards of the published file as HTML, one file each."""
    try:
        from retail_analytics.serving.dashboards import write_dashboards
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed; `make dashboards` does it") from error

    out = options.out or Path(options.warehouse) / "dashboards"
    for path in write_dashboards(Path(options.warehouse), questions=options.questions, out=out):
        print(f"{path.stat().st_size:>12,} {path}")
    return 0


def budget(options: argparse.Namespace) -> int:
    """Splits an amount over channels on the published response curves, and says what it gains."""
    import json

    from retail_analytics.marketing.budget_tables import as_text, named_amounts, what_if
    from retail_analytics.serving.catalog import open_catalog

    with open_catalog(Path(options.warehouse)) as catalog:
        answer = what_if(
            catalog.con.execute("select * from marts.mix_draws").df(),
            catalog.con.execute(
                "select channel, current_spend as weekly_spend from marts.budget_recommendations"
            ).df(),
            total=options.total,
            minimum=named_amounts(options.min),
            maximum=named_amounts(options.max),
            weeks=options.horizon,
        )
        currency = catalog.currency
    as_json = options.format == "json"
    print(json.dumps(answer, indent=2) if as_json else as_text(answer, currency=currency))
    return 0


def sample(options: argparse.Namespace) -> int:
    """Writes the fifteen input tables of a made-up retailer, and the truths behind them."""
    from retail_analytics.sample import write_sample

    given = {
        "seed": options.seed,
        "years": options.years,
        "file_format": options.format,
        "market": options.market,
    }
    rows = write_sample(
        customers=options.customers,
        out=options.out,
        **{name: value for name, value in given.items() if value is not None},
    )
    print_rows(rows, options.out)
    return 0


def convert(options: argparse.Namespace) -> int:
    """Turns a folder of other files into a folder of input tables with a SQL script."""
    from retail_analytics.inputs.convert import convert

    print_rows(convert(options.script, source=options.source, out=options.out), options.out)
    return 0


def print_rows(rows: dict[str, int], folder: Path) -> None:
    for table, count in rows.items():
        print(f"{count:>12,} {table}")
    print(f"written to {folder}")
