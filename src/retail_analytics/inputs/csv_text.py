"""What a CSV file says before its rows are read: encoding, header, delimiter, number of records.

DuckDB reads the rows. Its reader loses rows without a word where a quotation mark stays open over
megabytes of text or a line is longer than its buffer, so the records are counted here as well.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DELIMITERS = ",;\t|"
CHUNK_BYTES = 1 << 20
# what means nothing around a value: white space of any kind, and marks that have no width
SPACES = (
    " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
# Python's own limit for a field is 128 KiB
csv.field_size_limit(2**31 - 1)


class FileFault(ValueError):
    """What is wrong with a file, in words for the user; the caller puts the file's name before."""


@dataclass(frozen=True)
class CsvText:
    """A CSV file's column names, its delimiter, and the number of its records below the header."""

    columns: list[str]
    delimiter: str
    record_count: int


def inspect_csv(path: Path) -> CsvText:
    """Looks through a CSV file; raises FileFault where it is not UTF-8 text or has no header."""
    with path.open("rb") as stream:
        start = stream.read(CHUNK_BYTES)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileFault("the text is UTF-16; save it as UTF-8")
    if b"\0" in start[:1000]:
        raise FileFault("this is not a CSV file, it holds binary data")
    columns, delimiter = split_header(start)
    try:
        has_quotes, record_count = scan_lines(path)
    except UnicodeError as error:
        raise FileFault(describe_bad_byte(path, columns, delimiter)) from error
    if has_quotes:
        record_count = sum(1 for _, record in read_records(path, delimiter) if record)
    return CsvText(columns, delimiter, record_count - 1)


def split_header(start: bytes) -> tuple[list[str], str]:
    """Column names and delimiter: of the delimiters, the one that gives the most columns."""
    text = start.decode("utf-8-sig", errors="replace")
    columns: list[str] = []
    best = DELIMITERS[0]
    for delimiter in DELIMITERS:
        lines = io.StringIO(text, newline="")
        found = next(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), [])
        if len(found) > len(columns):
            columns, best = found, delimiter
    if not any(name.strip(SPACES) for name in columns):
        raise FileFault("line 1 is empty; it must hold the column names")
    return columns, best


def scan_lines(path: Path) -> tuple[bool, int]:
    """Whether a quotation mark stands anywhere, and the number of lines that are not blank.

    Raises UnicodeError at a byte that is not UTF-8 text.
    """
    has_quotes, line_count = False, 0
    with path.open("rb") as stream:
        # up to the end of a line, so that no character is cut in two
        while chunk := stream.read(CHUNK_BYTES) + stream.readline():
            if "\0" in chunk.decode():
                raise UnicodeError("zero byte")
            has_quotes = has_quotes or b'"' in chunk
            line_count += sum(map(bool, chunk.replace(b"\r", b"\n").split(b"\n")))
    return has_quotes, line_count


def read_records(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records and the line each begins at; bytes that are not text come as surrogates."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True)
        line = 1
        for record in reader:
            yield line, record
            line = reader.line_num + 1


def describe_bad_byte(path: Path, columns: list[str], delimiter: str) -> str:
    """Where the first byte stands that is not text, and what to do about it."""
    line, position, byte = next(
        (line, position, ord(bad[0]) & 0xFF)
        for line, record in read_records(path, delimiter)
        for position, value in enumerate(record)
        if (bad := re.search("[\0\udc80-\udcff]", value))
    )
    where = f"line {line}, column {name_at(columns, position)}"
    if byte == 0:
        return f"{where}: there is a zero byte in the text; remove it"
    return (
        f"{where}: the byte 0x{byte:02X} is not UTF-8; save the file as UTF-8, or convert it: "
        f"iconv -f WINDOWS-1252 -t UTF-8 {path.name} > new.csv"
    )


def name_at(columns: list[str], position: int) -> str:
    """The name of a column, or its number in a line that has more columns than the header."""
    return columns[position].strip(SPACES) if position < len(columns) else str(position + 1)


def longest_record(path: Path, delimiter: str) -> int:
    """The line at which the longest record begins."""
    return max((sum(map(len, record)), line) for line, record in read_records(path, delimiter))[1]


def odd_line_end(path: Path) -> int | None:
    """The first line that does not end as the first one does; None where all are alike."""
    with path.open(encoding="utf-8", newline="") as stream:
        ends = ((number, line[len(line.rstrip("\r\n")) :]) for number, line in enumerate(stream, 1))
        _, usual = next(ends)
        return next((number for number, end in ends if end not in (usual, "")), None)
