"""Files that appear whole or not at all."""

import os
from pathlib import Path

import pytest

from retail_analytics.storage.files import folder_written_whole, written_whole


def test_a_file_takes_the_place_of_the_old_one_at_once(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "a.csv"
    with written_whole(target) as path:
        path.write_text("one")
        assert path.parent == target.parent and path.suffix == ".csv" and not target.exists()
    before = target.stat().st_ino
    with target.open() as reader:
        with written_whole(target) as path:
            path.write_text("two")
        # who has it open reads on in the old file
        assert reader.read() == "one"
    assert target.read_text() == "two" and target.stat().st_ino != before
    assert list(target.parent.iterdir()) == [target]


def test_a_file_is_for_those_whom_the_system_lets_read_it(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        with written_whole(tmp_path / "a.csv") as path:
            path.write_text("one")
    finally:
        os.umask(mask)
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o640


def test_after_an_error_all_is_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("one")
    with pytest.raises(RuntimeError), written_whole(target) as path:
        path.write_text("half")
        raise RuntimeError
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "kept.csv").write_text("one")
    with pytest.raises(RuntimeError), folder_written_whole(folder) as new:
        (new / "half.csv").write_text("half")
        raise RuntimeError
    assert target.read_text() == "one" and [path.name for path in folder.iterdir()] == ["kept.csv"]
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", "folder"}


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old.csv").write_text("old")
    with folder_written_whole(folder, mode=0o640) as new:
        (new / "new.csv").write_text("new")
    assert [path.name for path in folder.iterdir()] == ["new.csv"]
    assert (folder / "new.csv").stat().st_mode & 0o777 == 0o640
