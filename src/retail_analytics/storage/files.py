"""Files and folders that appear as a whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Gives a path to write to; what was written takes the target's place when all went well.

    The path lies in the target's folder, which is made. After an error the target is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # with the suffix of the target: some writers go by it
    descriptor, name = tempfile.mkstemp(
        prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent
    )
    os.close(descriptor)
    path = Path(name)
    try:
        yield path
        # mkstemp makes files that only their owner reads
        path.chmod(0o666 & ~current_umask())
        sync(path)
        os.replace(path, target)
        sync(target.parent)
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def folder_written_whole(target: Path, *, mode: int | None = None) -> Iterator[Path]:
    """Gives an empty folder to write to, which then takes the target's place.

    Its files get the mode, where one is given. After an error the target is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    new, old = work / "new", work / "old"
    new.mkdir()
    try:
        yield new
        for path in new.iterdir():
            if mode is not None:
                path.chmod(mode)
            sync(path)
        # a folder that is not empty cannot be replaced in one step
        if target.exists():
            os.replace(target, old)
        try:
            os.replace(new, target)
        except OSError:
            if old.exists():
                os.replace(old, target)
            raise
        sync(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def log_of(path: Path) -> Path:
    """The write-ahead log that DuckDB keeps beside a database file that is being written."""
    return path.with_name(f"{path.name}.wal")


def remove_database(path: Path) -> None:
    """Removes a database file with its log and what it spilled, where they are there."""
    path.unlink(missing_ok=True)
    log_of(path).unlink(missing_ok=True)
    spilled = path.with_name(f"{path.name}.tmp")
    if spilled.is_dir():
        shutil.rmtree(spilled)


def current_umask() -> int:
    """The permissions that new files do not get; the system tells only when they are set."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sync(path: Path) -> None:
    """Waits until a file or folder is on disk, so that a power cut cannot leave half of it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
