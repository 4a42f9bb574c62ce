"""Sample tables into CSV or Parquet files, whole or not at all."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

FORMATS = ("csv", "parquet")


class SampleWriter:
    """Writes tables piece by piece under hidden names and gives all files their names at the end.

    A run that is killed or fails leaves files that end in `.partial`, which nothing reads and the
    next run overwrites.
    """

    def __init__(self, out: Path, file_format: str) -> None:
        self.out = out
        self.file_format = file_format
        self.rows: dict[str, int] = {}
        self._writers: dict[str, pa.csv.CSVWriter | pa.parquet.ParquetWriter] = {}

    def write(self, name: str, table: pa.Table) -> None:
        """Appends rows to a table; the first piece gives its columns."""
        if self.file_format == "csv":
            table = as_text(table)
        if name not in self._writers:
            self._writers[name] = self._open(name, table.schema)
            self.rows[name] = 0
        self._writers[name].write_table(table)
        self.rows[name] += table.num_rows

    def _open(self, name: str, schema: pa.Schema) -> pa.csv.CSVWriter | pa.parquet.ParquetWriter:
        path = self._partial(name)
        if self.file_format == "parquet":
            return pa.parquet.ParquetWriter(path, schema, compression="zstd")
        options = pa.csv.WriteOptions(
            quoting_style="none", quoting_header="none", batch_size=65_536
        )
        return pa.csv.CSVWriter(path, schema, write_options=options)

    def _partial(self, name: str) -> Path:
        return self.out / f".{name}.{self.file_format}.partial"

    def __enter__(self) -> Self:
        self.out.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._writers.values():
            writer.close()
        for name in self._writers:
            if error is None:
                os.replace(self._partial(name), self.out / f"{name}.{self.file_format}")
            else:
                self._partial(name).unlink(missing_ok=True)


def as_text(table: pa.Table) -> pa.Table:
    """The table with timestamps as ISO 8601 text, with a T between date and time."""
    for position, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            seconds = table.column(position).cast(pa.timestamp("s")).cast(pa.string())
            text = pc.binary_replace_slice(seconds, 10, 11, "T")
            table = table.set_column(position, field.name, text)
    return table
