"""Runs dbt in this process, with a progress bar where a person watches."""

import sys

from dbt.cli.exceptions import DbtUsageException
from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg
from tqdm import tqdm


class ProgressBar:
    """Draws dbt's events: one step a node, messages of the project above the bar."""

    def __init__(self) -> None:
        self.bar = tqdm(total=None, unit=" nodes", file=sys.stderr, leave=False)

    def __call__(self, event: EventMsg) -> None:
        if event.info.name == "LogStartLine":
            self.bar.total = event.data.total
            self.bar.set_description(event.data.node_info.node_name[:40])
        elif event.info.name == "NodeFinished":
            self.bar.update()
        elif event.info.name in ("JinjaLogInfo", "Note"):
            tqdm.write(event.info.msg, file=sys.stderr)


def run_build(arguments: list[str], *, with_progress_bar: bool) -> int:
    """`dbt build` with these further arguments; returns an exit code (docs/commands.md).

    Without a bar dbt prints as it always does; with one, only what failed and why.
    """
    bar = ProgressBar() if with_progress_bar else None
    runner = dbtRunner(callbacks=[bar] if bar else [])
    try:
        result = runner.invoke((["--quiet"] if bar else []) + ["build", *arguments])
    finally:
        if bar:
            bar.bar.close()
    if result.exception is not None:
        if bar:
            print(f"retail build: stopped: {result.exception}", file=sys.stderr)
        return 2 if isinstance(result.exception, DbtUsageException) else 1
    return 0 if result.success else 1
