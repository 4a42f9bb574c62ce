"""The command `retail`: build and roll back, look and compare, export and report, make a sample.

One function per command; each imports what it needs itself, for dbt alone takes seconds. A function
says what went wrong by raising ValueError, OSError or RuntimeError with a message for the user.
"""

import os
import sys
from datetime import datetime
from pathlib import Path

import click

DONE, FAILED, NOT_UNDERSTOOD, INTERRUPTED = 0, 1, 2, 130
EXPECTED_ERRORS = (click.UsageError, ValueError, OSError, RuntimeError)
PATH = click.Path(path_type=Path)


class Commands(click.Group):
    """A group of commands that says in one line what went wrong, and ends with an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except EXPECTED_ERRORS as error:
            if ctx.params["debug"]:
                raise
            print(f"retail {ctx.invoked_subcommand}: {error}", file=sys.stderr)
            ctx.exit(FAILED)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code (docs/commands.md)."""
    try:
        code = retail.main(arguments, prog_name="retail", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("retail: interrupted", file=sys.stderr)
        return INTERRUPTED
    return code or DONE


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="retail_analytics", message="retail %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def retail(debug: bool) -> None:
    """A retailer's raw tables as tested tables, figures and reports.

    Exit codes: 0 done, 1 failed, 2 the command line was not understood, 130 interrupted.
    """


def no_service(ctx: click.Context, option: click.Parameter, path: Path) -> Path:
    """A path that DuckDB does not take for the name of a service, as it does `md:shop`."""
    return path.absolute() if ":" in str(path) else path


warehouse_option = click.option(
    "--warehouse",
    type=PATH,
    envvar="WAREHOUSE",
    show_envvar=True,
    default=Path("warehouse"),
    show_default=True,
    callback=no_service,
    help="Folder of the database files.",
)


project_option = click.option(
    "--project-dir",
    type=PATH,
    default=Path(),
    show_default=True,
    help="Folder of the dbt project; DATA and WAREHOUSE follow the folder one is in.",
)
questions_option = click.option(
    "--questions",
    type=PATH,
    default=Path("dashboards"),
    show_default=True,
    help="Folder of the questions, a file per topic.",
)
personal_option = click.option(
    "--with-personal", is_flag=True, help="Names, e-mail addresses and small groups as well."
)
rules_option = click.option(
    "--data", type=PATH, envvar="DATA", help="Folder whose rules/ go before the project's."
)
zone_option = click.option(
    "--shop-time-zone", envvar="SHOP_TIME_ZONE", show_envvar=True, help="Zone of the days."
)


def check_project(folder: Path) -> None:
    """Raises ValueError for a folder that holds no dbt project."""
    if not (folder / "dbt_project.yml").exists():
        raise ValueError(
            f"there is no dbt_project.yml in {folder.absolute()}; "
            f"run this in the project's folder, or name it: --project-dir"
        )


@retail.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--data", envvar="DATA", show_envvar=True, help="Folder of input files; the sample.")
@click.option("--as-of", envvar="AS_OF", show_envvar=True, help="YYYY-MM-DD that counts as today.")
@project_option
@click.option("--unit-tests", is_flag=True, help="Also prove the SQL on rows by hand, as CI does.")
@zone_option
@click.option("--currency", envvar="CURRENCY", show_envvar=True, help="What amounts are called.")
@warehouse_option
@click.pass_context
def build(ctx: click.Context, unit_tests: bool, **settings: str | Path | None) -> int:
    """Build, test and publish the warehouse; further arguments go to dbt build."""
    project = settings.pop("project_dir")
    check_project(project)
    # the macros and the profile read them there
    os.environ.update({name.upper(): str(value or "") for name, value in settings.items()})
    from retail_analytics.warehouse.run import run_build

    # dbt's own record of a build is half a second's work that only tests and documents read
    arguments = [] if unit_tests else ["--exclude-resource-type", "unit_test", "--no-write-json"]
    return run_build(
        [*arguments, *ctx.args],
        project=project,
        warehouse=settings["warehouse"],
        with_progress_bar=sys.stderr.isatty(),
    )


@retail.command()
@click.argument("data", type=PATH)
@project_option
@click.option("--as-of", envvar="AS_OF", show_envvar=True, help="YYYY-MM-DD that counts as today.")
@zone_option
def check(data: Path, project_dir: Path, as_of: str | None, shop_time_zone: str | None) -> int:
    """Say what a build would make of the files in the folder DATA, without one.

    For each file the rows read, kept and rejected, by reason with an example, the days they cover,
    and ids that do not meet between files. Ends with 1 where a file stops a build.
    """
    check_project(project_dir)
    os.environ.update(AS_OF=as_of or "", SHOP_TIME_ZONE=shop_time_zone or "")
    from retail_analytics.warehouse.check import as_text, check_folder
    from retail_analytics.warehouse.run import check_as_of

    check_as_of(as_of or "")
    checks = check_folder(data, project=project_dir)
    print(as_text(checks))
    return DONE if all(check.is_usable for check in checks) else FAILED


@retail.command()
@warehouse_option
def rollback(warehouse: Path) -> None:
    """Publish the file from before the last build again; a second call undoes the first."""
    from retail_analytics.warehouse.publish import describe, rollback

    print(f"published: {describe(rollback(warehouse))}")


@retail.command()
@click.argument("table")
@click.option("--rows", type=int, default=10, show_default=True, help="How many rows.")
@warehouse_option
def show(table: str, rows: int, warehouse: Path) -> None:
    """Print the first rows of the published mart TABLE."""
    from retail_analytics.serving.look import first_rows

    print(first_rows(warehouse, table, rows=rows))


@retail.command()
@click.argument("table")
@warehouse_option
def diff(table: str, warehouse: Path) -> None:
    """Compare the mart TABLE of the build file with the published one, column by column."""
    from retail_analytics.serving.look import difference

    print(difference(warehouse, table))


@retail.command()
@click.option("--out", type=PATH, help="Folder to write; <warehouse>/exports without it.")
@personal_option
@warehouse_option
def export(out: Path | None, with_personal: bool, warehouse: Path) -> None:
    """Write every published mart as Parquet and CSV, with a manifest."""
    from retail_analytics.serving.export import export_marts

    out = out or warehouse / "exports"
    written = export_marts(warehouse, out, with_personal=with_personal)["files"]
    size = sum(entry["bytes"] for entry in written)
    print(f"{out}: {len(written)} files, {size:,} bytes, {out / 'manifest.json'}")


@retail.command()
@click.option("--topic", required=True, help="A file of the questions: overview, customers ...")
@click.option(
    "--format",
    "file_format",
    required=True,
    type=click.Choice(["xlsx", "pdf", "html", "csv"]),
    help="Kind of file.",
)
@click.option("--out", type=PATH, required=True, help="File to write.")
@personal_option
@questions_option
@warehouse_option
def report(
    topic: str,
    file_format: str,
    out: Path,
    with_personal: bool,
    questions: Path,
    warehouse: Path,
) -> None:
    """Write a report of a topic as Excel workbook, PDF, web page or CSV."""
    from retail_analytics.serving.reports import write_report

    print(
        write_report(
            warehouse,
            topic=topic,
            file_format=file_format,
            out=out,
            questions=questions,
            with_personal=with_personal,
        )
    )


@retail.command()
@click.option("--out", type=PATH, help="Folder to write; <warehouse>/dashboards without it.")
@personal_option
@questions_option
@warehouse_option
def dashboards(out: Path | None, with_personal: bool, questions: Path, warehouse: Path) -> None:
    """Write the dashboards of the published file as HTML, one file each."""
    try:
        from retail_analytics.serving.dashboards import write_dashboards
    except ModuleNotFoundError as error:
        raise RuntimeError(f"{error.name} is not installed; `make dashboards` does it") from error

    out = out or warehouse / "dashboards"
    for path in write_dashboards(
        warehouse, questions=questions, out=out, with_personal=with_personal
    ):
        print(f"{path.stat().st_size:>12,} {path}")


@retail.command()
@click.option("--customers", type=int, required=True, help="How many customers.")
@click.option("--out", type=PATH, required=True, help="Folder to write.")
@click.option("--seed", type=int, help="Another seed makes another retailer.")
@click.option("--years", type=int, help="Years of history.")
@click.option("--format", "file_format", type=click.Choice(["csv", "parquet"]), help="csv.")
@click.option(
    "--market",
    type=click.Choice(["steady", "lively", "priced", "watched"]),
    help="What moves: nothing, spend, prices, or what a watch should find.",
)
def sample(out: Path, customers: int, **given: int | str | None) -> None:
    """Write the input tables of a made-up retailer, and the truths behind them."""
    from retail_analytics.sample import write_sample

    chosen = {name: value for name, value in given.items() if value is not None}
    print_rows(write_sample(customers=customers, out=out, **chosen), out)


@retail.command()
@click.option("--total", type=float, required=True, help="Amount for the whole horizon.")
@click.option("--horizon", type=int, default=4, show_default=True, help="Weeks it is spread over.")
@click.option(
    "--min", "least", multiple=True, metavar="CHANNEL=AMOUNT", help="Least for a channel."
)
@click.option("--max", "most", multiple=True, metavar="CHANNEL=AMOUNT", help="Most for a channel.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print.",
)
@warehouse_option
def budget(
    total: float,
    horizon: int,
    least: tuple[str, ...],
    most: tuple[str, ...],
    file_format: str,
    warehouse: Path,
) -> None:
    """Split an amount over channels on the published response curves, and say what it gains."""
    import json

    from retail_analytics.marketing.budget_tables import as_text, named_amounts, what_if
    from retail_analytics.serving.catalog import open_catalog

    with open_catalog(warehouse) as catalog:
        answer = what_if(
            catalog.con.execute("select * from marts.mix_draws").df(),
            catalog.con.execute(
                "select channel, current_spend as weekly_spend from marts.budget_recommendations"
            ).df(),
            total=total,
            minimum=named_amounts(least),
            maximum=named_amounts(most),
            weeks=horizon,
        )
        currency = catalog.currency
    is_json = file_format == "json"
    print(json.dumps(answer, indent=2) if is_json else as_text(answer, currency=currency))


@retail.command()
@click.option("--channel", required=True, help="Channel of the capacity plan, such as chat.")
@click.option("--agents", type=click.IntRange(min=1), required=True, help="People in each hour.")
@warehouse_option
def staffing(channel: str, agents: int, warehouse: Path) -> None:
    """Say what so many people in every open hour would give those who ask on a channel."""
    from retail_analytics.serving.catalog import open_catalog
    from retail_analytics.support.staffing import as_text, what_if

    with open_catalog(warehouse) as catalog:
        plan = catalog.con.execute(
            "select capacity_plan.*, volumes.volume, volumes.overdispersion "
            "from marts.capacity_plan "
            "inner join marts.ticket_volume_forecasts as volumes using (channel, hour_of_week) "
            "where lower(channel) = lower($1)",
            [channel],
        ).df()
    if plan.empty:
        raise ValueError(f"no channel {channel!r} in the capacity plan: select from capacity_plan")
    print(as_text(what_if(plan, agents=agents), channel=channel))


@retail.command()
@click.option("--send", is_flag=True, help="Really send; without it only say what would be sent.")
@click.option("--unsure", is_flag=True, help="Send again what may have arrived.")
@click.option("--slack", "slack_address", envvar="NOTIFY_SLACK_URL", show_envvar=True, help="Chat.")
@click.option("--webhook", "address", envvar="NOTIFY_WEBHOOK_URL", show_envvar=True, help="Any.")
@click.option(
    "--email", "receivers", multiple=True, envvar="NOTIFY_EMAIL", show_envvar=True, help="Receiver."
)
@click.option(
    "--smtp", envvar="NOTIFY_SMTP", show_envvar=True, help="host:port of the mail server."
)
@click.option("--sender", envvar="NOTIFY_SENDER", show_envvar=True, help="Address mails come from.")
@click.option("--no-tls", is_flag=True, help="A mail server on this machine without encryption.")
@warehouse_option
def notify(
    send: bool,
    unsure: bool,
    slack_address: str | None,
    address: str | None,
    receivers: tuple[str, ...],
    smtp: str | None,
    sender: str | None,
    no_tls: bool,
    warehouse: Path,
) -> None:
    """Send the alerts that were not sent yet, by e-mail, to a chat or to a web address."""
    from retail_analytics.serving import notify as sending
    from retail_analytics.warehouse.publish import PUBLISHED

    channels: dict[str, sending.Channel] = {}
    if slack_address:
        channels["slack"] = sending.slack(slack_address)
    if address:
        channels["webhook"] = sending.webhook(address)
    if receivers:
        host, _, port = (smtp or "").rpartition(":")
        if not host or not port.isdigit() or not sender:
            raise click.UsageError("e-mail needs --smtp host:port and --sender")
        server = sending.EmailServer(
            host,
            int(port),
            sender,
            receivers,
            user=os.environ.get("NOTIFY_SMTP_USER", ""),
            password=os.environ.get("NOTIFY_SMTP_PASSWORD", ""),
            uses_tls=not no_tls,
        )
        channels["email"] = sending.email(server)
    messages = sending.read_outbox(warehouse / PUBLISHED)
    if send and not channels:
        raise click.UsageError("nowhere to send to: --email, --slack or --webhook")
    if not channels:
        # a dry run shows the messages whatever was sent to anybody
        print("\n".join(message.text for message in messages) or "nothing to be sent")
        return
    outcomes = sending.notify(
        messages,
        channels,
        warehouse / sending.JOURNAL,
        is_dry_run=not send,
        with_unsure=unsure,
    )
    texts = {message.message_id: message.text for message in messages}
    for outcome in outcomes:
        detail = f" ({outcome.detail})" if outcome.detail else ""
        print(f"{outcome.channel}: {outcome.state}{detail}: {texts[outcome.message_id]}")
    if not outcomes:
        print("nothing to be sent")
    failed = sum(outcome.state == "failed" for outcome in outcomes)
    if failed:
        what = "message was" if failed == 1 else "messages were"
        raise RuntimeError(f"{failed} {what} refused; the next call tries again")


@retail.command()
@click.option("--experiment", required=True, help="Name in the rules of experiments.")
@click.option("--units", required=True, help="CSV or Parquet file of ids, or a published table.")
@click.option("--at", type=click.DateTime(), help="ISO time, UTC; now without it.")
@click.option("--out", type=PATH, help="CSV file to add rows to; printed without it.")
@rules_option
@warehouse_option
def assign(
    experiment: str,
    units: str,
    at: datetime | None,
    out: Path | None,
    data: Path | None,
    warehouse: Path,
) -> None:
    """Give units their variants by a salted hash, as rows of experiment_assignments."""
    from retail_analytics.serving.experiments import assign_units

    rows = assign_units(
        experiment, units=units, at=at, project=Path(), data=data, warehouse=warehouse
    )
    if out is None:
        print(rows.to_csv(index=False), end="")
        return
    rows.to_csv(out, mode="a", header=not out.exists(), index=False)
    for variant, count in rows["variant"].value_counts().sort_index().items():
        print(f"{count:>12,} {variant}")
    print(f"{len(rows):,} rows added to {out}")


@retail.command()
@click.option("--metric", required=True, help="conversion, orders, revenue or returns.")
@click.option("--effect", required=True, help="Relative effect to be found, such as 3%.")
@rules_option
@warehouse_option
def power(metric: str, effect: str, data: Path | None, warehouse: Path) -> None:
    """Say how many units and days a test needs, and what it can show by when."""
    from retail_analytics.serving.experiments import parse_effect, power_text

    print(
        power_text(
            metric,
            effect=parse_effect(effect),
            project=Path(),
            data=data,
            warehouse=warehouse,
        )
    )


@retail.command()
@click.argument("script", type=PATH)
@click.option("--source", type=PATH, required=True, help="Folder of the files to be turned.")
@click.option("--out", type=PATH, required=True, help="Folder for the input tables.")
def convert(script: Path, source: Path, out: Path) -> None:
    """Turn a folder of other files into a folder of input tables with the SQL of SCRIPT."""
    from retail_analytics.inputs.convert import convert

    print_rows(convert(script, source=source, out=out), out)


@retail.command()
@click.option("--masked", is_flag=True, required=True, help="The file without personal data.")
@click.option(
    "--least-group",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many people a row of a summary must be about.",
)
@warehouse_option
def publish(masked: bool, least_group: int, warehouse: Path) -> None:
    """Write the published file again without personal data, beside it: retail.masked.duckdb."""
    from retail_analytics.warehouse.mask import publish_masked

    path = publish_masked(warehouse, least_group=least_group)
    print(f"published: {path}, {path.stat().st_size:,} bytes without personal data")


host_option = click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address; beyond loopback with keys."
)
keys_option = click.option("--keys", type=PATH, envvar="RETAIL_KEYS", help="File of `retail key`.")
docs_option = click.option(
    "--docs",
    type=PATH,
    default=Path("docs"),
    show_default=True,
    help="Folder of glossary.md and decisions.md.",
)


@retail.command()
@click.option("--http", "is_http", is_flag=True, help="On a port instead of stdio.")
@host_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8766,
    show_default=True,
    help="Port; 0 is any that is free.",
)
@keys_option
@personal_option
@questions_option
@docs_option
@warehouse_option
def mcp(
    is_http: bool,
    host: str,
    port: int,
    keys: Path | None,
    with_personal: bool,
    questions: Path,
    docs: Path,
    warehouse: Path,
) -> None:
    """Serve the published file to agents: tools of the Model Context Protocol."""
    try:
        from retail_analytics.serving.mcp.run import run_mcp
    except ModuleNotFoundError as error:
        raise RuntimeError(f"{error.name} is not installed; `make mcp` does it") from error

    run_mcp(
        warehouse,
        with_personal=with_personal,
        questions=questions,
        docs=docs,
        address=(host, port) if is_http else None,
        keys=keys,
    )


@retail.command()
@host_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port; 0 is any that is free.",
)
@keys_option
@personal_option
@questions_option
@warehouse_option
def serve(
    host: str,
    port: int,
    keys: Path | None,
    with_personal: bool,
    questions: Path,
    warehouse: Path,
) -> None:
    """Serve the published file to programs: an HTTP API below /api/v1."""
    try:
        from retail_analytics.serving.http.app import make_app
        from retail_analytics.serving.http.server import run
    except ModuleNotFoundError as error:
        raise RuntimeError(f"{error.name} is not installed; `make serve` does it") from error
    from retail_analytics.serving.api.published import Published

    published = Published(warehouse, with_personal=with_personal)
    run(make_app(published, questions=questions, host=host, keys=keys), host=host, port=port)


@retail.command()
@click.option("--since", metavar="BUILD", help="Id of the last build whose events are known.")
@warehouse_option
def events(since: str | None, warehouse: Path) -> None:
    """Print what changed since a build as JSON lines: orders, segments, risks, alerts."""
    from retail_analytics.serving.events import print_events

    print_events(warehouse, since=since)


@retail.command()
@click.option(
    "--out", type=PATH, required=True, help="llm_outputs.csv in your folder; kept and added to."
)
@warehouse_option
def narrate(out: Path, warehouse: Path) -> None:
    """Write texts about the actions of today, by a language model or by templates.

    LLM_URL, LLM_MODEL, LLM_KEY and LLM_API (openai or anthropic) name the model; without LLM_URL
    templates are written. The next build checks the texts and shows them.
    """
    from retail_analytics.serving.narrate import endpoint_from, narrate

    counts = narrate(warehouse, out=out, endpoint=endpoint_from(os.environ))
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    print(f"{out}: {said}")


@retail.command()
@click.argument("tenant")
@click.option("--keys", type=PATH, envvar="RETAIL_KEYS", required=True, help="File to add it to.")
@click.option("--rate", type=click.IntRange(min=1), default=600, help="Requests per minute; 600.")
def key(tenant: str, keys: Path, rate: int) -> None:
    """Make a key for TENANT, print it once, and keep its hash for `retail serve` and `mcp`."""
    from retail_analytics.serving.api.keys import add_key

    print(add_key(keys, tenant, per_minute=rate))


@retail.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete this command: eval "$(retail completion bash)"."""
    from click.shell_completion import get_completion_class

    print(get_completion_class(shell)(retail, {}, "retail", "_RETAIL_COMPLETE").source())


def print_rows(rows: dict[str, int], folder: Path) -> None:
    for table, count in rows.items():
        print(f"{count:>12,} {table}")
    print(f"written to {folder}")
