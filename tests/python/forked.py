"""`retail` in a process that was forked from one which has imported everything: it starts at once.

A new interpreter takes five seconds of processor to import dbt and the libraries of the fits, a
tenth of a build. The command itself runs in `make test`'s own build of the sample and in the tests
of killed builds.
"""

import multiprocessing
import os
import sys
from contextlib import nullcontext
from pathlib import Path

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        *("dbt.cli.main", "dbt.task.build", "dbt.parser.sql"),
        *("dbt.adapters.duckdb.environments.local", "daff", "sqlparse"),
        *("retail_analytics.cli", "retail_analytics.warehouse.run"),
        *("retail_analytics.warehouse.python_model_imports", "retail_analytics.warehouse.plugin"),
        "retail_analytics.warehouse.dbt_build",
    ]
)


def run_retail(
    arguments: list[str], *, folder: Path, environment: dict[str, str], output: Path
) -> tuple[int, str]:
    """Exit code of `retail <arguments>` in the folder, and what it said; `output` is a new file."""
    process = PROCESSES.Process(target=retail, args=(arguments, folder, environment, output))
    process.start()
    process.join()
    return process.exitcode, output.read_text()


def retail(arguments: list[str], folder: Path, environment: dict[str, str], output: Path) -> None:
    """Becomes the command, in a process of its own."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.stderr = os.fdopen(2, "w", buffering=1)

    from retail_analytics import cli
    from retail_analytics.warehouse import run
    from retail_analytics.warehouse.dbt_build import close_files

    # a second process would import everything anew; the fits are the same functions here and there
    run.second_process = nullcontext
    code = cli.main(arguments)
    # what a command does when it ends, and a forked process does not: the build file is closed
    close_files()
    sys.exit(code)
