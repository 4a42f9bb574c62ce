"""The published file as a server holds it: opened once per build, changed without a pause.

DuckDB keeps one instance per path in a process, so that connecting again to a path would give the
file as it was. Each build is therefore attached to an instance of its own, which is closed when the
last answer from it is finished: an answer never mixes two builds.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from retail_analytics.serving.catalog import Catalog, CatalogError, read_catalog
from retail_analytics.storage.sql import literal
from retail_analytics.warehouse.mask import MASKED, ensure_masked, personal_kind
from retail_analytics.warehouse.publish import PUBLISHED, PublishError

CONNECTIONS = 4
MEMORY_LIMIT = "512MB"
# how long a named read may take, and how long to wait for a free connection
READ_SECONDS = 10.0
WAIT_SECONDS = 5.0
# how long to wait before a file that could not be opened is tried again
RETRY_SECONDS = 1.0


class NotPublished(RuntimeError):
    """There is no file to read now; the message says what to do."""


class Busy(RuntimeError):
    """All connections are in use; try again in a moment."""


class TooSlow(RuntimeError):
    """A query took longer than it may; the message says what to do."""


log = logging.getLogger(__name__)

Identity = tuple[int, int, int, int]


@dataclass
class Build:
    """One published file, open read-only, with its catalogue and a few connections."""

    catalog: Catalog
    identity: Identity
    con: duckdb.DuckDBPyConnection
    idle: queue.Queue = field(default_factory=queue.Queue)
    readers: int = 0
    is_replaced: bool = False

    @property
    def personal(self) -> dict[tuple[str, str], str]:
        """For each table and column that holds personal data its kind."""
        return {
            (table.name, column.name): kind
            for table in self.catalog.tables
            for column in table.columns
            if (kind := personal_kind(column.comment))
        }

    @property
    def id(self) -> str:
        """dbt's id of the build; the same data built again has another."""
        return self.catalog.invocation_id

    def rows(
        self, sql: str, parameters: list | None = None, *, seconds: float = READ_SECONDS
    ) -> tuple[list[str], list[tuple]]:
        """Column names and rows of one query. Raises Busy, TooSlow, duckdb.Error."""
        with self.cursor() as cursor, interrupted_after(cursor, seconds):
            result = cursor.execute(sql, parameters or [])
            return [column[0] for column in result.description], result.fetchall()

    def arrow(self, sql: str, parameters: list | None = None) -> object:
        """An Arrow table of one query, with the types of the columns. Raises as `rows` does."""
        with self.cursor() as cursor, interrupted_after(cursor, READ_SECONDS):
            return cursor.execute(sql, parameters or []).to_arrow_table()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            cursor = self.idle.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise Busy("the server answers others just now; try again in a second") from None
        try:
            yield cursor
        finally:
            self.idle.put(cursor)

    def close(self) -> None:
        while not self.idle.empty():
            self.idle.get().close()
        self.con.close()


@contextmanager
def interrupted_after(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Stops what the cursor does after so many seconds, as TooSlow."""
    timer = threading.Timer(seconds, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise TooSlow(f"it took longer than {seconds:g} s; ask for less at a time") from error
    finally:
        timer.cancel()


class Published:
    """Gives the newest build of a warehouse folder, whenever it is asked.

    Parameters
    ----------
    folder : the warehouse folder.
    with_personal : whether to give the whole file; else the one without personal data, which is
        made from it where it is not there yet.
    """

    def __init__(self, folder: Path, *, with_personal: bool = False) -> None:
        self.folder = folder.absolute()
        self.with_personal = with_personal
        self.path = self.folder / (PUBLISHED if with_personal else MASKED)
        self._opened: tuple[Identity | None, Identity | None] | None = None
        self._is_opening = False
        self._not_before = 0.0
        self._lock = threading.Lock()
        self._build: Build | None = None

    @contextmanager
    def build(self) -> Iterator[Build]:
        """The build to answer one request from. Raises NotPublished."""
        with self._lock:
            build = self._newest()
            build.readers += 1
        try:
            yield build
        finally:
            with self._lock:
                build.readers -= 1
                if build.is_replaced and not build.readers:
                    build.close()

    def _newest(self) -> Build:
        """The newest build that is open. A newer one is opened beside it, and nobody waits."""
        if self._build is None:
            if not self.with_personal:
                self._mask()
            published, _ = self._seen()
            self._build = open_build(self.path)
            self._opened = (published, self._build.identity)
        elif self._is_stale():
            self._is_opening = True
            threading.Thread(target=self._open_newer, daemon=True).start()
        # a file that is gone is not served on
        identity_of(self.path)
        return self._build

    def _is_stale(self) -> bool:
        """Whether there is another file to open, and nobody does so or failed a moment ago."""
        if self._is_opening or time.monotonic() < self._not_before:
            return False
        return self._seen() != self._opened

    def _seen(self) -> tuple[Identity | None, Identity | None]:
        """What the files are now that an answer depends on."""
        found = []
        for path in (self.folder / PUBLISHED, self.path):
            try:
                found.append(identity_of(path))
            except NotPublished:
                found.append(None)
        return found[0], found[1]

    def _open_newer(self) -> None:
        try:
            seen = self._seen()
            if not self.with_personal:
                self._mask()
                seen = (seen[0], identity_of(self.path))
            new = open_build(self.path)
            with self._lock:
                self._retire()
                self._build, self._opened = new, seen
        except NotPublished as error:
            # the build before is served on; the next request tries again
            log.warning("the new build cannot be opened: %s", error)
            self._not_before = time.monotonic() + RETRY_SECONDS
        finally:
            with self._lock:
                self._is_opening = False

    def _mask(self) -> None:
        """Makes the masked file of a new build."""
        try:
            ensure_masked(self.folder)
        except PublishError as error:
            raise NotPublished(str(error).replace(f"{self.folder}/", "")) from error

    def _retire(self) -> None:
        if self._build is not None:
            self._build.is_replaced = True
            if not self._build.readers:
                self._build.close()
            self._build = None

    def close(self) -> None:
        with self._lock:
            self._retire()


def identity_of(path: Path) -> Identity:
    """What tells a file from the one that takes its place. Raises NotPublished."""
    try:
        status = path.stat()
    except OSError as error:
        raise NotPublished(
            f"there is no {path.name} in the warehouse folder; run `retail build` first"
        ) from error
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def open_build(path: Path) -> Build:
    """Opens a published file for reading and nothing else. Raises NotPublished."""
    for _ in range(5):
        identity = identity_of(path)
        build = attach(path, identity)
        # swapped in between: the catalogue must be of the file that bears this identity
        if identity_of(path) == identity:
            return build
        build.close()
    raise NotPublished(f"{path.name} is being replaced all the time; try again in a second")


def attach(path: Path, identity: Identity) -> Build:
    con = duckdb.connect(config={"threads": 2, "memory_limit": MEMORY_LIMIT, "temp_directory": ""})
    try:
        con.execute(f"attach {literal(str(path))} as retail (read_only)")
        cursors = [con.cursor() for _ in range(CONNECTIONS)]
        for cursor in (con, *cursors):
            cursor.execute("use retail")
        catalog = read_catalog(con, path)
        day = literal(catalog.as_of_date.isoformat()) if catalog.as_of_date else "null"
        for cursor in cursors:
            cursor.execute("set timezone = 'UTC'")
            cursor.execute(f"set variable as_of = cast({day} as date)")
        lock_down(con)
    except (duckdb.Error, CatalogError) as error:
        con.close()
        reason = str(error).splitlines()[0]
        raise NotPublished(
            f"{path.name} cannot be read ({type(error).__name__}); run `retail build` again"
        ) from ValueError(reason)
    build = Build(catalog, identity, con)
    for cursor in cursors:
        build.idle.put(cursor)
    return build


def lock_down(con: duckdb.DuckDBPyConnection) -> None:
    """No files, no network, no extensions, and no way back, for all connections of the instance."""
    con.execute("set autoinstall_known_extensions = false")
    con.execute("set autoload_known_extensions = false")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
