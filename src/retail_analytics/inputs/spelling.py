"""How the values of an input are written: a value is read as part of its column and file.

The signs for thousands and decimals are settled per column and, where a column says nothing, by
the other columns of its file: `1.012` beside `10,50` is a thousand and twelve. Where nothing
settles them, the values that could be either are not read, and so is `1.000` beside `500` where no
whole number has four digits: a column of three decimals would say `500.000`. Cells that a
spreadsheet wrote as a formula (`="007"`) are unwrapped. What was found is said in notes.

A column in which nothing of this happens, nearly every one, is read as it stands.
"""

from dataclasses import dataclass

import duckdb

from retail_analytics.inputs.files import InputColumn
from retail_analytics.storage.sql import identifier, literal

NUMBERS = ("decimal", "count")
TIMES = ("date", "timestamp")
# as in macros/staging/checked.sql, which reads them as nothing, whatever their case
WORDS_FOR_NOTHING = (
    *("null", "\\n", "nat", "<na>", "n/a", "n.a.", "#n/a", "#nv", "-", "–", "—"),
    *("(null)", "[null]", "<null>", "#null!", "undefined"),
)
NO_TEXTS = ("nan", "none")
# in a number as Python writes them only: `NaN` is no amount, and `none` may be zero
NO_NUMBERS = ("nan", "None")
# in a text that is no id they may be North America, or what somebody meant
NO_VALUES = ("na", "--")
NO_DAYS = ("0000-00-00", "0000-00-00 00:00:00", "1900-01-00", "1900-01-00 00:00:00")
# the first and the last day that programs know, whatever time stands beside them
NEVER = ("0001-01-01", "9999-12-31")
NO_IDS = (
    "nil",
    "(none)",
    "(blank)",
    "(not set)",
    "#value!",
    "#ref!",
    "#name?",
    "#div/0!",
    "#num!",
    "#wert!",
    "#bezug!",
)
# what shops write for a customer they do not know; it may be one's id, and is only said
STAND_INS = ("guest", "gast", "anonymous", "unknown", "unbekannt", "walk-in", "?", "x", "0", "-1")
# marks without a width, which nobody sees in an id
UNSEEN = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
# an id of many digits as a spreadsheet shows it
CUT_ID = r"^[0-9]([.,][0-9]+)?E\+[0-9]+$"
MOST_DECIMALS = 4
# how the names of columns in percent end
PERCENT = "_pct"

# midnight on the clock of a shop or of a program, which writes a day as a time in UTC
MIDNIGHT = "^00:00(:00([.,]0+)?)? ?(Z|UTC|utc|GMT|[+-]00(:?00)?)?$"

SIGN = "[+-]?"
# what stands between groups of three digits and is never a decimal sign
GROUPERS = " '\u2019\u00a0\u2009\u202f"


def grouped(sign: str) -> str:
    """A pattern of whole numbers in groups of three digits, at least two of them."""
    return f"[0-9]{{1,3}}({sign}[0-9]{{3}})+"


def numbers_with(decimal: str, thousands: str) -> str:
    """A pattern of the numbers of one way of writing, whichever sign they need."""
    return (
        f"^{SIGN}([0-9]+|{grouped(thousands)}|{grouped(f'[{GROUPERS}]')})?({decimal}[0-9]*)?"
        f"([eE][+-]?[0-9]+)?$"
    )


def evidence_for(decimal: str, thousands: str) -> str:
    """A pattern of the numbers that can be written in this one way only."""
    whole = f"([0-9]+|{grouped(thousands)}|{grouped(f'[{GROUPERS}]')})?"
    return "|".join(
        f"^{SIGN}{form}$"
        for form in (
            # a group before the decimal sign, or two groups
            f"{grouped(thousands)}{decimal}[0-9]+",
            f"{grouped(f'[{GROUPERS}]')}{decimal}[0-9]+",
            f"[0-9]{{1,3}}({thousands}[0-9]{{3}}){{2,}}",
            # digits after it that are no group
            f"{whole}{decimal}([0-9]{{1,2}}|[0-9]{{4,}})",
            # or before it
            f"(0+|[0-9]{{4,}}){decimal}[0-9]{{3}}",
            f"{decimal}[0-9]+",
        )
    )


# `1.012` and `1,012`
DOUBTFUL = f"^{SIGN}[1-9][0-9]{{0,2}}[.,][0-9]{{3}}$"
POINT, COMMA = "point", "comma"
PATTERNS = {POINT: ("[.]", ","), COMMA: (",", "[.]")}


@dataclass(frozen=True)
class Spelling:
    """SQL for the columns that must not be read as they stand, and notes for the user."""

    expressions: dict[str, str]
    notes: list[str]


def is_nothing(value: str, name: str, kind: str) -> str:
    """SQL for whether a text of a column stands for no value."""
    is_id = name.endswith("_id")
    words = [*WORDS_FOR_NOTHING]
    words += NO_TEXTS if kind not in NUMBERS else ()
    words += NO_VALUES if is_id or kind != "text" else ()
    words += NO_DAYS if kind in TIMES else ()
    words += NO_IDS if is_id else ()
    said = f"lower({value}) in ({', '.join(map(literal, words))})"
    if kind in TIMES:
        return f"({said} or {value}[:10] in ({', '.join(map(literal, NEVER))}))"
    if kind in NUMBERS:
        return f"({said} or {value} in ({', '.join(map(literal, NO_NUMBERS))}))"
    return said


def settle(
    con: duckdb.DuckDBPyConnection, relation: str, given: list[InputColumn], *, time_zone: str
) -> Spelling:
    """How to read the columns that a file has, from all its values."""
    columns = {column.name: column.type for column in given}
    # a required word may be `None`, an id never; a day or number that must be there is rejected
    words = {
        column.name for column in given if not column.is_required or column.name.endswith("_id")
    }
    types = {row[0]: row[1] for row in con.execute(f"describe {relation}").fetchall()}
    texts = [name for name in columns if types[name] == "VARCHAR"]
    expressions: dict[str, str] = {}
    notes: list[str] = []
    found = counts(con, relation, columns, types, time_zone=time_zone)
    for name in texts:
        formulas, apostrophes = found[name]["formulas"], found[name]["apostrophes"]
        if formulas or apostrophes:
            expressions[name] = unwrapped(identifier(name))
        if formulas:
            notes.append(f'{name}: {formulas:,} formulas such as ="007" unwrapped')
        if apostrophes:
            notes.append(
                f"{name}: {apostrophes:,} values such as '007 are read without the apostrophe of "
                f"a spreadsheet"
            )
        if found[name]["foreign_ids"]:
            notes += alike_ids(con, relation, name, expressions.get(name, identifier(name)))
    numbers = [name for name in texts if columns[name] in NUMBERS]
    for name in numbers:
        if found[name]["underscores"]:
            value = identifier(name)
            expressions[name] = (
                f"case when {has_odd_underscore(value)} then {value} || ' (no number)' "
                f"else {expressions.get(name, value)} end"
            )
    if any(found[name]["unread"] or found[name]["doubtful"] for name in numbers):
        styles = number_styles(con, relation, {name: expressions.get(name) for name in numbers})
        for name, (style, doubtful) in styles.items():
            value = expressions.get(name, identifier(name))
            if style != "plain":
                expressions[name] = number(value, style)
            if doubtful:
                notes.append(
                    f"{name}: {doubtful:,} values such as 1.012 or 1,012 could be thousands or "
                    f"decimals; they are not read"
                )
            elif style == COMMA:
                notes.append(f"{name}: the comma is read as the decimal sign")
    for name, how in found.items():
        if how["decimals"]:
            notes.append(
                f"{name}: {how['decimals']:,} values have more than {MOST_DECIMALS} decimals and "
                f"are rounded, such as {how['example']}"
            )
        if how["stand_ins"] * 20 > how["ids"]:
            notes.append(
                f"{name}: {how['stand_ins']:,} rows say {how['stand_in']}: that is one customer "
                f"here; leave the cell empty for customers who are not known"
            )
        if how["cut"]:
            notes.append(
                f"{name}: {how['cut']:,} ids were cut by a spreadsheet, such as {how['cut_id']}: "
                f"different ones may have become one"
            )
        if how["largest"] is not None and 0 < how["largest"] <= 1:
            notes.append(
                f"{name}: no value is above 1, and percent are read (95 is 95 %); shares must be "
                f"multiplied by 100"
            )
        if how["words"] and name in words:
            cells = "1 cell says" if how["words"] == 1 else f"{how['words']:,} cells say"
            notes.append(f"{name}: {cells} {how['word']} or the like: nothing")
        if how["midnights"] and how["midnights"] == how["values"]:
            # days that a program wrote as times: in the shop's zone, as days are
            expressions[name] = f"try_cast({identifier(name)} as date)"
            if types[name] == "VARCHAR":
                expressions[name] = f"{identifier(name)}[:10]"
    return Spelling(expressions, notes)


def counts(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    columns: dict[str, str],
    types: dict[str, str],
    *,
    time_zone: str,
) -> dict[str, dict]:
    """What was found in each column, in one pass over all."""
    selected = []
    for name, kind in columns.items():
        value = identifier(name)
        is_text = types[name] == "VARCHAR"
        keys = ("formulas", "apostrophes", "unread", "doubtful", "decimals", "words", "cut")
        keys += ("midnights", "underscores", "foreign_ids")
        found = dict.fromkeys(keys, "0")
        found |= {"example": "null", "word": "null", "cut_id": "null", "values": "0"}
        found |= {"largest": "null", "stand_ins": "0", "stand_in": "null", "ids": "0"}
        if is_text:
            found["formulas"] = f"count(*) filter ({value}[:2] = '=\"')"
            found["apostrophes"] = f"count(*) filter ({has_apostrophe(value)})"
            is_word = is_nothing(value, name, kind)
            found["words"] = f"count(*) filter ({is_word})"
            found["word"] = f"min({value}) filter ({is_word})"
        if is_text and name.endswith("_id"):
            is_cut = f"contains({value}, 'E+') and regexp_matches({value}, {literal(CUT_ID)})"
            found["cut"] = f"count(*) filter ({is_cut})"
            found["cut_id"] = f"min({value}) filter ({is_cut})"
            # more bytes than characters
            found["foreign_ids"] = f"count(*) filter (strlen({value}) > length({value}))"
        if name == "customer_id":
            is_stand_in = (
                f"lower(cast({value} as varchar)) in ({', '.join(map(literal, STAND_INS))})"
            )
            found["stand_ins"] = f"count(*) filter ({is_stand_in})"
            found["stand_in"] = f"mode({value}) filter ({is_stand_in})"
            found["ids"] = f"count({value})"
        if name.endswith(PERCENT):
            found["largest"] = f"max(try_cast({value} as double))"
        if kind in NUMBERS and is_text:
            found["unread"] = (
                f"count(*) filter ({value} is not null and try_cast({value} as double) is null)"
            )
            found["underscores"] = f"count(*) filter ({has_odd_underscore(value)})"
            # looking at one sign first is cheaper than the pattern
            found["doubtful"] = (
                f"count(*) filter ({value}[-4] = '.' "
                f"and regexp_matches({value}, {literal(DOUBTFUL)}))"
            )
        if kind == "decimal":
            # what would be rounded to nothing is not read at all
            if is_text:
                has_more = (
                    f"strpos({value}, '.') > 0 "
                    f"and length({value}) - strpos({value}, '.') > {MOST_DECIMALS} "
                    f"and try_cast({value} as decimal(18, 8)) "
                    f"<> try_cast({value} as decimal(18, {MOST_DECIMALS})) "
                    f"and try_cast({value} as decimal(18, {MOST_DECIMALS})) <> 0"
                )
            elif types[name] in ("DOUBLE", "FLOAT"):
                # what a binary fraction leaves over is no decimal
                has_more = (
                    f"abs({value} - round({value}, {MOST_DECIMALS})) "
                    f"> 1e-7 * greatest(abs({value}), 0.01) and abs({value}) < 1e10 "
                    f"and round({value}, {MOST_DECIMALS}) <> 0"
                )
            else:
                has_more = f"round({value}, {MOST_DECIMALS}) not in (0, {value})"
            found["decimals"] = f"count(*) filter ({has_more})"
            found["example"] = f"min(cast({value} as varchar)) filter ({has_more})"
        if kind == "timestamp" and time_zone != "UTC" and (is_text or types[name] != "DATE"):
            if is_text:
                is_midnight = (
                    f"length({value}) = 10 or {value}[12:] in ('00:00', '00:00:00') "
                    f"or ({value}[12:16] = '00:00' "
                    f"and regexp_matches({value}[12:], {literal(MIDNIGHT)}))"
                )
            else:
                is_midnight = f"{value} = date_trunc('day', {value})"
            found["midnights"] = f"count(*) filter ({is_midnight})"
            found["values"] = f"count({value})"
        packed = ", ".join(f"{literal(key)}: {sql}" for key, sql in found.items())
        selected.append(f"{{{packed}}}")
    if not selected:
        return {}
    # the last one makes it one row where nothing is looked for: in days and counts of Parquet files
    (row,) = con.execute(f"select {', '.join(selected)}, count(*) from {relation}").fetchall()
    return dict(zip(columns, row[:-1], strict=True))


def alike_ids(con: duckdb.DuckDBPyConnection, relation: str, name: str, value: str) -> list[str]:
    """A note on ids that look alike and are not: in two forms of Unicode, with unseen marks."""
    seen = f"nfc_normalize(regexp_replace({value}, {literal(UNSEEN)}, '', 'g'))"
    ((count, example),) = con.execute(
        f"select count(*), min(seen) from (select {seen} as seen from {relation} "
        f"where {value} is not null group by seen having count(distinct {value}) > 1)"
    ).fetchall()
    if not count:
        return []
    return [
        f"{name}: {count:,} ids look like others and are written in another form of Unicode or "
        f"with signs that nobody sees, such as {example}: they count as different ones"
    ]


def has_odd_underscore(value: str) -> str:
    """SQL for whether an underscore stands not between thousands: DuckDB reads 1_0 as 10."""
    pattern = f"^{SIGN}{grouped('_')}([.,][0-9]+)?$"
    return f"(contains({value}, '_') and not regexp_matches({value}, {literal(pattern)}))"


def has_apostrophe(value: str) -> str:
    """SQL for whether a spreadsheet's apostrophe stands before a text, which keeps it a text."""
    return f"({value}[1] = '''' and regexp_matches({value}, '^''[-+=@0-9][^'']*$'))"


def unwrapped(value: str) -> str:
    """SQL for a text without what a spreadsheet needs to keep it one: `="007"` and `'007`."""
    return (
        f"case when {value}[:2] = '=\"' and {value}[-1] = '\"' and length({value}) > 2 "
        f"then nullif(trim(replace({value}[3:-2], '\"\"', '\"')), '') "
        f"when {has_apostrophe(value)} then {value}[2:] else {value} end"
    )


def number_styles(
    con: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str | None]
) -> dict[str, tuple[str, int]]:
    """For each column how its numbers are written, and how many could be read in two ways.

    `plain` is as it stands, `mixed` where both ways are there: then what could be either is not
    read.
    """
    selected = []
    for name, expression in columns.items():
        value = expression or identifier(name)
        matches = {
            "point": evidence_for(*PATTERNS[POINT]),
            "comma": evidence_for(*PATTERNS[COMMA]),
            "doubtful": DOUBTFUL,
            "doubtful_comma": DOUBTFUL.replace("[.,]", ","),
            "spaced": f"^{SIGN}{grouped(f'[{GROUPERS}]')}",
            "short": f"^{SIGN}[0-9]{{1,3}}$",
            "long": f"^{SIGN}[0-9]{{4,}}$",
        }
        packed = ", ".join(
            f"{literal(key)}: count(*) filter (regexp_matches({value}, {literal(pattern)}))"
            for key, pattern in matches.items()
        )
        selected.append(f"{{{packed}}}")
    (row,) = con.execute(f"select {', '.join(selected)} from {relation}").fetchall()
    found = dict(zip(columns, row, strict=True))
    settled = {name: style_of(how) for name, how in found.items()}
    in_file = {style for style in settled.values() if style in (POINT, COMMA)}
    styles = {}
    for name, how in found.items():
        style = settled[name]
        if style == "open" and how["doubtful"]:
            if len(in_file) == 1:
                (style,) = in_file
            elif not in_file and not how["doubtful_comma"] and (how["long"] or not how["short"]):
                style = "plain"
            else:
                style = "mixed"
        elif style == "open":
            style = POINT if how["spaced"] else "plain"
        styles[name] = (style, how["doubtful"] if style == "mixed" else 0)
    return styles


def style_of(found: dict[str, int]) -> str:
    """How a column's own values are written; `open` where they do not say."""
    if found["point"] and found["comma"]:
        return "mixed"
    if found["comma"]:
        return COMMA
    return POINT if found["point"] else "open"


def number(value: str, style: str) -> str:
    """SQL for a number as SQL writes it, from a text in the column's way of writing.

    What is no number in that way comes through as it is, for staging to reject; of a number that
    could be two, what it is is said.
    """
    if style == "mixed":
        doubtful = f"{value} || ' (thousands or decimals?)'"
        return (
            f"case when regexp_matches({value}, {literal(DOUBTFUL)}) then {doubtful} "
            f"when regexp_matches({value}, {literal(evidence_for(*PATTERNS[COMMA]))}) "
            f"then {number(value, COMMA)} else {number(value, POINT)} end"
        )
    decimal, thousands = PATTERNS[style]
    removed = GROUPERS + thousands.strip("[]")
    bare = f"translate({value}, {literal(removed)}, '')"
    if style == COMMA:
        bare = f"replace({bare}, ',', '.')"
        # a number in the other way must not pass
        other = f"{value} || ' (in a column with decimal commas)'"
    else:
        other = value
    return (
        f"case when regexp_matches({value}, {literal(numbers_with(decimal, thousands))}) "
        f"then {bare} when try_cast({value} as double) is null then {value} else {other} end"
    )
