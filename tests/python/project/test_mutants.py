"""The list of mutants is up to date: what each changes stands in its file, over all domains."""

import importlib.util
from pathlib import Path

import pytest
from conftest import ROOT

FOLDER = ROOT / "tests" / "mutants"


def runner():
    """`tests/mutants/run.py` as a module."""
    spec = importlib.util.spec_from_file_location("run_mutants", FOLDER / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_a_mutant_changes_stands_in_its_file_once() -> None:
    mutants = runner().read_mutants()
    assert len(mutants) >= 60
    assert len({(mutant["file"], mutant["old"], mutant["new"]) for mutant in mutants}) == len(
        mutants
    )


def test_a_text_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = runner()
    (tmp_path / "mutants.csv").write_text("file,old,new,caught_by\nREADME.md,not there,x,\n")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "run.py"))
    with pytest.raises(ValueError, match=r"README.md: 'not there'"):
        module.read_mutants()


def test_every_domain_has_mutants_and_what_notices_them_is_there() -> None:
    module = runner()
    mutants = module.read_mutants()
    folders = {part for mutant in mutants for part in Path(mutant["file"]).parts}
    domains = {path.name for path in (ROOT / "models" / "marts").iterdir()} | {"quality"}
    assert domains - folders == set()
    of_pytest = [mutant for mutant in mutants if not module.is_of_model(mutant)]
    named = [path for mutant in of_pytest for path in module.pytest_files(mutant)]
    assert [path for path in named if not (ROOT / path).exists()] == []
