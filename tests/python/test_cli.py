"""The command line: what it says of itself, and how it ends."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from retail_analytics.cli import main, retail


@pytest.mark.parametrize("name", retail.commands)
def test_every_command_says_what_it_does_and_every_option_what_it_means(name, capsys):
    assert main([name, "--help"]) == 0
    command = retail.commands[name]
    assert command.help.splitlines()[0].endswith(".")
    nameless = [
        option.name
        for option in command.params
        if option.param_type_name == "option" and not getattr(option, "help", None)
    ]
    assert nameless == []
    assert command.help.splitlines()[0].split()[0] in capsys.readouterr().out


def test_the_version_is_the_package_s(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"retail {version('retail_analytics')}\n"


@pytest.mark.parametrize(
    "arguments",
    [["paint"], ["show"], ["show", "x", "--row", "1"], ["report", "--format", "docx"], ["--x"]],
)
def test_what_is_not_understood_ends_with_2_and_the_usage(arguments, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "Usage: retail" in said
    assert "Error: " in said


def test_a_failure_is_one_line_and_with_debug_its_traceback(tmp_path, capsys):
    arguments = ["show", "customers", "--warehouse", str(tmp_path)]
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("retail show: ")
    with pytest.raises((ValueError, OSError, RuntimeError)):
        main(["--debug", *arguments])


def test_an_interrupted_command_ends_with_130(monkeypatch, capsys):
    def interrupt(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(retail.commands["show"], "callback", interrupt)
    assert main(["show", "customers"]) == 130
    assert capsys.readouterr().err.strip() == "retail: interrupted"


def test_settings_come_from_the_environment_and_an_empty_one_is_none(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "there"))
    assert main(["show", "customers"]) == 1
    assert str(tmp_path / "there") in capsys.readouterr().err
    monkeypatch.setenv("WAREHOUSE", "")
    monkeypatch.chdir(tmp_path)
    assert main(["show", "customers"]) == 1
    assert "warehouse/retail.duckdb" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_the_commands(shell, capsys):
    assert main(["completion", shell]) == 0
    assert "_RETAIL_COMPLETE" in capsys.readouterr().out


def test_the_installed_command_does_not_import_dbt_for_its_help():
    program = (
        "import sys; from retail_analytics.cli import main; main(['--help']); "
        "sys.exit('dbt' in sys.modules or 'duckdb' in sys.modules or 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "build" in done.stdout
    installed = Path(sys.executable).with_name("retail")
    done = subprocess.run([installed, "show"], capture_output=True, text=True)
    assert done.returncode == 2
