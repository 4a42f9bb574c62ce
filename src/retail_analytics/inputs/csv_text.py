"""What a CSV file says before its rows are read: encoding, header, delimiter, number of records.

DuckDB reads the rows. Its reader loses rows without a word where a quotation mark stays open over
megabytes of text or a line is longer than its buffer, and drops empty fields beyond the header's,
so that what stands before them may stand in the wrong column. So records and fields are counted
here as well.
"""

import codecs
import csv
import io
import re
import shutil
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

DELIMITERS = ",;\t|"
CHUNK_BYTES = 1 << 20
# what stands in the first line of some exports for Excel: which sign separates the fields
SEPARATOR_LINE = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=(.)"?\r?\n', re.IGNORECASE)
# what some systems pad a file with
PADDING = b"\0\x1a"
# how files begin that are another thing than their name says
BINARY = {
    b"PK\3\4": "a workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old workbook",
    b"\x1f\x8b": "it is compressed, unpack it first",
    b"PAR1": "a Parquet file, whose name must end in .parquet",
}
# encodings that shops export in, the frequent ones first
ENCODINGS = (
    "WINDOWS-1252",
    "SHIFT_JIS",
    "WINDOWS-1250",
    "WINDOWS-1251",
    "GB18030",
    "EUC-KR",
    "BIG5",
    "MACINTOSH",
    "CP850",
)
# what means nothing around a value: white space of any kind, and marks that have no width
SPACES = (
    " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
    "\xad\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
# line ends of other systems, which are none in a CSV file
LINE_ENDS = "\x85\u2028\u2029"
# how UTF-8 reads that was taken for Windows-1252 and written as UTF-8 once more (`Ã¼`, `â€“`), and
# what stands where a character was lost
TWICE_ENCODED = re.compile(rb"\xc3[\x82\x83]\xc2[\x80-\xbf]|\xc3\xa2\xe2\x82\xac")
LOST_CHARACTER = "\ufffd".encode()
# Python's own limit for a field is 128 KiB
csv.field_size_limit(2**31 - 1)


class FileFault(ValueError):
    """What is wrong with a file, in words for the user; the caller puts the file's name before."""


@dataclass(frozen=True)
class CsvText:
    """A CSV file's column names, delimiter and number of records below the header.

    `path` is the file to read, `first_line` the line its header has for the user. `surplus` are the
    numbers (1 for the first below the header) of records that have more fields than the header, the
    last of them empty; none where every record has one more.
    """

    path: Path
    columns: list[str]
    delimiter: str
    record_count: int
    first_line: int = 1
    surplus: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def records(self) -> Iterator[tuple[int, list[str], str]]:
        """The records that are not blank, header first: first line, fields, text as it stands."""
        return read_records(self.path, self.delimiter, first_line=self.first_line)


def inspect_csv(path: Path, *, known: Iterable[str], work: Path) -> CsvText:
    """Looks through a CSV file; raises FileFault where it is not UTF-8 text or has no header.

    `known` are the names that columns may have; `work` is a folder for a copy, where one is needed.
    """
    with path.open("rb") as stream:
        start = stream.read(CHUNK_BYTES)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileFault("the text is UTF-32; save it as UTF-8")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileFault("the text is UTF-16; save it as UTF-8")
    for begin, kind in BINARY.items():
        if start.startswith(begin):
            raise FileFault(f"this is not a CSV file, it holds binary data: {kind}")
    halves = [start[begin:200:2].strip(b"\0") for begin in (0, 1)]
    if len(start) > 1 and any(halves) and not all(halves):
        raise FileFault("the text is UTF-16; save it as UTF-8")
    # one or two may be a slip in a text, whose line is named later
    if start[:1000].rstrip(PADDING).count(0) > 2:
        raise FileFault("this is not a CSV file, it holds binary data")
    separator = SEPARATOR_LINE.match(start)
    begin = separator.end() if separator else 0
    size = path.stat().st_size
    end = end_of_text(path, size)
    notes = []
    if end < size:
        count = f"{size - end:,} zero bytes at the end"
        notes = [f"{count} were passed over; was the file written to its end?"]
    original, path = path, part_of(path, begin, end, work) if begin or end < size else path
    first_line = 2 if separator else 1
    signs = separator[1].decode("latin-1") if separator else DELIMITERS
    columns, delimiter = split_header(start[begin:], known=set(known), delimiters=signs)
    try:
        has_quotes, record_count, fitting, fields = scan_lines(path, delimiter, width=len(columns))
    except UnicodeError as error:
        raise FileFault(
            describe_bad_byte(path, columns, delimiter, first_line, original.name)
        ) from error
    if has_quotes:
        record_count, fitting, fields = scan_records(path, delimiter, width=len(columns))
    notes += doubtful_text(path)
    # no record fits the header, all end in more separators: that is how the file is written
    usual = statistics.mode(fields.values()) if fields and not fitting else None
    surplus = sorted(number for number, count in fields.items() if count != usual)
    return CsvText(path, columns, delimiter, record_count - 1, first_line, surplus, notes)


def doubtful_text(path: Path) -> list[str]:
    """What says that the text was damaged before it came here."""
    twice, lost = 0, 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES) + stream.readline():
            if not chunk.isascii():
                twice += len(TWICE_ENCODED.findall(chunk))
                lost += chunk.count(LOST_CHARACTER)
    notes = []
    if twice:
        notes.append(
            f"in {twice:,} places the text looks as if it was encoded twice (`Ã¼` for `ü`); names "
            f"stay as they are"
        )
    if lost:
        notes.append(f"{lost:,} characters were lost before, and read \ufffd")
    return notes


def end_of_text(path: Path, size: int) -> int:
    """Where the zero bytes begin that a file ends with; its size where there are none."""
    end, rest = size, b""
    with path.open("rb") as stream:
        while end > 0 and not rest:
            begin = max(0, end - CHUNK_BYTES)
            stream.seek(begin)
            rest = stream.read(end - begin).rstrip(PADDING)
            end = begin + len(rest)
    if end < size and not rest.endswith((b"\n", b"\r")):
        raise FileFault(
            f"the file breaks off within its last line, {size - end:,} zero bytes follow; "
            f"export it again"
        )
    return end


def part_of(path: Path, begin: int, end: int, work: Path) -> Path:
    """A copy of a part of a file."""
    copy = work / path.name
    with path.open("rb") as stream, copy.open("wb") as target:
        stream.seek(begin)
        shutil.copyfileobj(stream, target)
        target.truncate(end - begin)
    return copy


def split_header(
    start: bytes, *, known: set[str], delimiters: str = DELIMITERS
) -> tuple[list[str], str]:
    """Column names and delimiter.

    Of the delimiters the one that gives the most names that are known; where that ties the one by
    which the next lines have as many fields as the header, then the one that gives most columns.
    """
    text = start.decode("utf-8-sig", errors="replace")
    found = []
    for delimiter in delimiters:
        lines = io.StringIO(text, newline="")
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        columns = next(reader, [])
        names = {name.strip(SPACES).lower() for name in columns}
        # the last of them may be cut off
        records = [record for record, _ in zip(reader, range(21), strict=False)]
        columns = without_blank_end(columns, records)
        widths = [len(record) for record in records][:-1]
        fits = sum(width == len(columns) for width in widths) if len(columns) > 1 else 0
        found.append((len(names & known), fits, len(columns), -len(found), columns, delimiter))
    *_, columns, delimiter = max(found)
    if not any(name.strip(SPACES) for name in columns):
        raise FileFault("line 1 is empty; it must hold the column names")
    if any(sign in name.strip(SPACES) for name in columns for sign in LINE_ENDS):
        raise FileFault("lines end with a sign that ends none in a CSV file; use LF or CRLF")
    words = set(re.findall(r"\w+", columns[0].lower()))
    if len(columns) == 1 and len(words & known) > 1:
        raise FileFault(
            "line 1 is one single field: separate fields by a comma, a semicolon, a tab or |, "
            "without quotation marks around a whole line"
        )
    return columns, delimiter


def without_blank_end(columns: list[str], records: list[list[str]]) -> list[str]:
    """The names without those at the end that are empty, where mostly nothing stands below them.

    They are no columns, only more separators: else a value in the wrong column would fill them
    unseen.
    """
    named = len(columns)
    while named and not columns[named - 1].strip(SPACES):
        named -= 1
    filled = sum(any(field.strip(SPACES) for field in record[named:]) for record in records)
    return columns if filled * 2 >= max(len(records), 1) else columns[:named]


def scan_lines(path: Path, delimiter: str, *, width: int) -> tuple[bool, int, int, dict[int, int]]:
    """Whether a quotation mark stands anywhere, the number of lines that are not blank, how many of
    them below the header have `width` fields, and the number of fields of those that have more, the
    last of them empty, by their number.

    Lines are records only where no quotation mark stands. Raises UnicodeError at a byte that is not
    UTF-8 text.
    """
    has_quotes, line_count, fitting = False, 0, 0
    fields: dict[int, int] = {}
    sign = ord(delimiter)
    with path.open("rb") as stream:
        # up to the end of a line, so that no character is cut in two
        while chunk := stream.read(CHUNK_BYTES) + stream.readline():
            if "\0" in chunk.decode():
                raise UnicodeError("zero byte")
            has_quotes = has_quotes or b'"' in chunk
            data = np.frombuffer(chunk, np.uint8)
            ends = np.flatnonzero((data == 10) | (data == 13))
            if not chunk.endswith((b"\n", b"\r")):
                ends = np.append(ends, len(data))
            begins = np.concatenate(([0], ends[:-1] + 1))
            is_line = ends > begins
            begins, ends = begins[is_line], ends[is_line]
            if not has_quotes:
                signs = np.concatenate(([0], np.cumsum(data == sign)))
                counts = signs[ends] - signs[begins] + 1
                fitting += int((counts == width).sum()) - (line_count == 0 and counts[0] == width)
                for at in np.flatnonzero((counts > width) & (data[ends - 1] == sign)):
                    if line_count + at > 0:
                        fields[int(line_count + at)] = int(counts[at])
            line_count += len(ends)
    return has_quotes, line_count, fitting, fields


def scan_records(path: Path, delimiter: str, *, width: int) -> tuple[int, int, dict[int, int]]:
    """As scan_lines, of records in which line ends and delimiters may stand within quotes."""
    fields, count, fitting = {}, 0, 0
    for count, (_, record, _) in enumerate(read_records(path, delimiter), start=1):
        fitting += len(record) == width and count > 1
        if len(record) > width and count > 1 and record[-1] == "":
            fields[count - 1] = len(record)
    return count, fitting, fields


def read_records(
    path: Path, delimiter: str, *, first_line: int = 1
) -> Iterator[tuple[int, list[str], str]]:
    """The records that are not blank: the line each begins at, its fields, and its text.

    Bytes that are not UTF-8 text come as surrogates.
    """
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        taken: list[str] = []

        def lines() -> Iterator[str]:
            for line in stream:
                taken.append(line)
                yield line

        reader = csv.reader(lines(), delimiter=delimiter, skipinitialspace=True)
        line = first_line
        for record in reader:
            if record:
                yield line, record, "".join(taken)
            taken.clear()
            line = reader.line_num + first_line


def fields_of(text: str, delimiter: str) -> Iterator[list[str]]:
    """The fields of each line of a text."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)


def numbers_at(text: CsvText, positions: Iterable[int]) -> dict[int, int]:
    """The numbers of the records (1 for the first below the header) that begin at these bytes.

    A position may also be that of blank lines before the record.
    """
    wanted = sorted(positions)
    lines, begin, line = [], 0, text.first_line
    with text.path.open("rb") as stream:
        for position in wanted:
            before = stream.read(position - begin)
            line += before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")
            begin = position
            lines.append(line)
    numbers: dict[int, int] = {}
    at = 0
    for number, (first, _, _) in enumerate(text.records()):
        while at < len(lines) and lines[at] <= first:
            numbers[wanted[at]] = number
            at += 1
        if at == len(lines):
            break
    return numbers


def describe_bad_byte(
    path: Path, columns: list[str], delimiter: str, first_line: int, name: str
) -> str:
    """Where the first byte stands that is not text, and what to do about it."""
    line, position, value, byte = next(
        (line, position, value, ord(bad[0]) & 0xFF)
        for line, record, _ in read_records(path, delimiter, first_line=first_line)
        for position, value in enumerate(record)
        if (bad := re.search("[\0\udc80-\udcff]", value))
    )
    where = f"line {line}, column {name_at(columns, position)}"
    if byte == 0:
        return f"{where}: there is a zero byte in the text; remove it"
    raw = value.encode("utf-8", errors="surrogateescape")
    readings: dict[str, str] = {}
    for encoding in ENCODINGS:
        try:
            readings.setdefault(raw.decode(encoding)[:30], encoding)
        except UnicodeError:
            continue
    read_as = ", ".join(f"{text!r} as {encoding}" for text, encoding in readings.items())
    return (
        f"{where}: the byte 0x{byte:02X} is not UTF-8; save the file as UTF-8. In which encoding "
        f"it is can only be guessed: the value reads {read_as or 'as nothing known'}. With the one "
        f"that reads right: iconv -f ENCODING -t UTF-8 {name} > new.csv"
    )


def name_at(columns: list[str], position: int) -> str:
    """The name of a column, or its number in a line that has more columns than the header."""
    return columns[position].strip(SPACES) if position < len(columns) else str(position + 1)


def longest_record(text: CsvText) -> int:
    """The line at which the longest record begins."""
    return max((sum(map(len, record)), line) for line, record, _ in text.records())[1]


def odd_line_end(text: CsvText) -> int | None:
    """The first line that does not end as the first one does; None where all are alike."""
    with text.path.open(encoding="utf-8", newline="") as stream:
        lines = enumerate(stream, text.first_line)
        ends = ((number, line[len(line.rstrip("\r\n")) :]) for number, line in lines)
        _, usual = next(ends)
        return next((number for number, end in ends if end not in (usual, "")), None)
