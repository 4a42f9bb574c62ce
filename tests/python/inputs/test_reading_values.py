"""Times and numbers as shops export them: forms x zones, forms x columns, CSV x Parquet."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from input_folder import HEADER, load
from reading import expression, read

from retail_analytics.inputs.load import ShopSettings
from retail_analytics.inputs.spelling import is_nothing

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]
# both sides of both changes of the clocks, and midnights
MOMENTS = [
    datetime(2024, 1, 31, 23, 30),
    datetime(2024, 2, 29, 0, 0),
    datetime(2024, 3, 10, 6, 59),
    datetime(2024, 3, 10, 7, 1),
    datetime(2024, 3, 31, 0, 59),
    datetime(2024, 3, 31, 1, 1),
    datetime(2024, 10, 27, 0, 30),
    datetime(2024, 11, 3, 6, 30),
    datetime(2024, 12, 31, 23, 59),
]


def offset(local: datetime, *, colon: str = ":") -> str:
    text = local.strftime("%z")
    return f"{text[:3]}{colon}{text[3:]}"


FORMS = {
    "space before the offset": lambda t: f"{t:%Y-%m-%d %H:%M:%S} {offset(t, colon='')}",
    "space and colon": lambda t: f"{t:%Y-%m-%d %H:%M:%S} {offset(t)}",
    "offset": lambda t: f"{t:%Y-%m-%dT%H:%M:%S}{offset(t)}",
    "offset without seconds": lambda t: f"{t:%Y-%m-%d %H:%M}{offset(t)}",
    "offset and fraction": lambda t: f"{t:%Y-%m-%dT%H:%M:%S}.000{offset(t)}",
    "comma before the fraction": lambda t: f"{t:%Y-%m-%dT%H:%M:%S},000{offset(t)}",
    "slashes": lambda t: f"{t:%Y/%m/%d %H:%M:%S} {offset(t, colon='')}",
    "Java": lambda t: f"{t:%Y-%m-%dT%H:%M}{offset(t)}[{t.tzinfo}]",
    "fraction and no colon": lambda t: f"{t:%Y-%m-%dT%H:%M:%S}.000{offset(t, colon='')}",
    "Z": lambda t: f"{t.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z",
    "Z without seconds": lambda t: f"{t.astimezone(UTC):%Y-%m-%dT%H:%M}Z",
    "UTC": lambda t: f"{t.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
    "no zone is UTC, with a comma": lambda t: f"{t.astimezone(UTC):%Y-%m-%d %H:%M:%S},000",
    "no zone is UTC": lambda t: f"{t.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("form", FORMS)
def test_a_time_is_read_in_every_form_and_zone(form, zone):
    moments = [moment.replace(tzinfo=UTC) for moment in MOMENTS]
    texts = [FORMS[form](moment.astimezone(ZoneInfo(zone))) for moment in moments]
    for shop_zone in ("UTC", "America/New_York"):
        assert read("as_timestamp", texts, zone=shop_zone) == MOMENTS


@pytest.mark.parametrize("zone", ZONES)
def test_the_name_of_a_zone_says_which_time_it_is(zone):
    # but for the hour that is there twice
    moments = [moment for moment in MOMENTS if moment.month not in (10, 11)]
    local = [moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for moment in moments]
    name = "Etc/UTC" if zone == "UTC" else zone
    assert read("as_timestamp", [f"{t:%Y-%m-%d %H:%M:%S} {name}" for t in local]) == moments
    assert read("as_timestamp", [f"{t:%Y-%m-%dT%H:%M} {name}" for t in local]) == moments


def test_a_time_that_the_clocks_of_its_zone_passed_over_is_none():
    passed_over = [
        *("2024-03-31 02:00:00 Europe/Berlin", "2024-03-31T02:59:59.5Europe/Berlin"),
        *("2024-03-31 02:30 Europe/Berlin", "2024-03-10 02:30:00 America/New_York"),
        "2024-10-06 02:15:00 Australia/Lord_Howe",
    ]
    assert read("as_timestamp", passed_over) == [None] * len(passed_over)
    assert read("as_date", passed_over) == [None] * len(passed_over)
    # the minutes around it, the hour that is there twice, and a zone without summer time
    there = {
        "2024-03-31 01:59:59 Europe/Berlin": datetime(2024, 3, 31, 0, 59, 59),
        "2024-03-31 03:00:00 Europe/Berlin": datetime(2024, 3, 31, 1),
        "2024-10-27 02:30:00 Europe/Berlin": datetime(2024, 10, 27, 1, 30),
        "2024-10-06 01:59:00 Australia/Lord_Howe": datetime(2024, 10, 5, 15, 29),
        "2024-10-06 02:30:00 Australia/Lord_Howe": datetime(2024, 10, 5, 15, 30),
        "2024-03-31 02:30:00 Asia/Kolkata": datetime(2024, 3, 30, 21),
        "2024-03-31 02:30:00+01:00[Europe/Berlin]": datetime(2024, 3, 31, 1, 30),
        "2024/03/31 02:30 +0100": datetime(2024, 3, 31, 1, 30),
    }
    assert read("as_timestamp", list(there)) == list(there.values())


@pytest.mark.parametrize(
    "text",
    [
        *("2024-01-20 10:30:00+25:00", "2024-01-20 24:00:00", "2024-01-20 10:30:00 +14:30"),
        *("2024-01-20 10:30:00-99", "2024-01-20 10:30:00+01:60", "2024-01-20 23:59:60"),
        *("2024-01-20 10:30:00,5,5", "2024-01-20,10:30", "2024-01-20 10:30:00[Europe/Berlin]"),
        *("Jan 20, 2024 6:30 PM", "20.01.2024 18:30 Uhr", "1705746600", "1705746600000", "45311.5"),
        *("2024-01-20 10:60", "2024-01-20 10:30:00 PM", "2024-01-20 10:30:00 Nowhere/Land"),
        *("2024-01-20 10:30:00 EST", "31/01/2024", "01-31-2024", "20240120", "2024-02-30", "soon"),
        *("infinity", "epoch", "now", "2024-01-20x", "2024-01-20 (BC)", "0000-00-00", "45322", ""),
    ],
)
def test_what_is_no_time_is_none(text):
    assert read("as_timestamp", [text]) == [None]
    assert read("as_date", [text]) == [None]


def test_a_day_is_the_day_it_says_and_a_time_with_an_offset_falls_on_the_shop_s_day():
    late = "2024-02-28T20:00:00-05:00"
    assert read("as_date", [late]) == [date(2024, 2, 29)]
    assert read("as_date", [late], zone="America/New_York") == [date(2024, 2, 28)]
    for zone in ZONES:
        days = ["2024-02-28", "2024-02-28 00:00:00", "2024-02-28 23:59:59", "2024/02/28"]
        assert read("as_date", days, zone=zone) == [date(2024, 2, 28)] * 4


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", [moment.date() for moment in MOMENTS])
def test_a_day_in_a_column_of_times_begins_in_the_shop(day, zone):
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert read("as_timestamp", [str(day)], zone=zone) == [begin.replace(tzinfo=None)]
    assert read("as_timestamp", [day], zone=zone, type_="date") == [begin.replace(tzinfo=None)]
    # and lies on that day again
    assert read("shop_day", [begin.replace(tzinfo=None)], zone=zone, type_="timestamp") == [day]


@settings(max_examples=40)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.sampled_from(ZONES))
def test_text_and_typed_columns_give_the_same_time_and_day(moment, zone):
    moment = moment.replace(microsecond=0)
    for macro in ("as_timestamp", "as_date"):
        as_text = read(macro, [str(moment)], zone=zone)
        assert as_text == read(macro, [moment], zone=zone, type_="timestamp")


def parquet_of(values: pa.Array, column: str) -> pa.Table:
    columns = {"order_id": [f"O{i}" for i in range(len(values))]}
    columns["ordered_at"] = ["2024-01-01"] * len(values)
    return pa.table(columns | {column: values})


@pytest.mark.parametrize("zone", ZONES)
def test_a_typed_time_in_a_zone_is_stored_in_utc_and_lies_on_the_shop_s_day(tmp_path: Path, zone):
    times = pa.array(MOMENTS, pa.timestamp("us", "Europe/Berlin"))
    table = pa.table(
        {
            "delivery_id": [str(i) for i in range(len(MOMENTS))],
            "order_id": ["O"] * len(MOMENTS),
            "promised_on": times,
            "delivered_at": times,
        }
    )
    loaded = load(tmp_path, {"deliveries.parquet": table}, shop=ShopSettings(time_zone=zone)).query(
        "select promised_on, delivered_at from raw.deliveries order by row_number"
    )
    days = [moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date() for moment in MOMENTS]
    assert [row[1] for row in loaded] == MOMENTS
    promised = [row[0] for row in loaded]
    assert read("as_date", promised, zone=zone, type_="timestamp") == days


@pytest.mark.parametrize("form", ["csv", "parquet", "parquet in UTC"])
def test_midnights_all_over_a_column_are_days(tmp_path: Path, form):
    days = [datetime(2024, 3, 1) + timedelta(days=i) for i in range(3)]
    if form == "csv":
        lines = "".join(f"O{i},{day},\n" for i, day in enumerate(days))
        files = {"orders.csv": HEADER + lines}
    else:
        kind = pa.timestamp("us", "UTC" if "UTC" in form else None)
        table = pa.table({"order_id": ["O0", "O1", "O2"], "ordered_at": pa.array(days, kind)})
        files = {"orders.parquet": table}
    shop = ShopSettings(time_zone="America/New_York")
    given = [row[0] for row in load(tmp_path, files, shop=shop).orders("ordered_at")]
    kind = "varchar" if form == "csv" else "date"
    read_as = read("as_timestamp", given, zone=shop.time_zone, type_=kind)
    assert read_as == [day + timedelta(hours=5) for day in days]
    # one time of the day, and all are times
    if form == "csv":
        files = {"orders.csv": HEADER + lines + "O9,2024-03-04 18:00:00,\n"}
        assert load(tmp_path, files, shop=shop).orders("ordered_at")[0] == ("2024-03-01 00:00:00",)


def test_midnights_of_another_zone_are_times(tmp_path: Path):
    shop = ShopSettings(time_zone="America/New_York")
    lines = "O1,2024-03-01T00:00:00+02:00,\nO2,2024-03-02T00:00:00+02:00,\n"
    given = load(tmp_path, {"orders.csv": HEADER + lines}, shop=shop).orders("ordered_at")
    assert given[0] == ("2024-03-01T00:00:00+02:00",)


@pytest.mark.parametrize(
    "form",
    ["{}", "{} 00:00", "{}T00:00:00", "{} 00:00:00.000", "{} 00:00:00,000000"]
    + ["{}T00:00:00Z", "{}T00:00:00.000Z", "{} 00:00:00+00:00", "{} 00:00:00 UTC"],
)
def test_midnights_are_days_however_they_are_written(tmp_path: Path, form):
    shop = ShopSettings(time_zone="America/New_York")
    lines = f"O1,{form.format('2024-03-01')},\nO2,2024-03-02 00:00:00,\n".replace(",000000", ".0")
    given = load(tmp_path, {"orders.csv": HEADER + lines}, shop=shop).orders("ordered_at")
    assert read("as_timestamp", [row[0] for row in given], zone=shop.time_zone) == [
        datetime(2024, 3, 1, 5),
        datetime(2024, 3, 2, 5),
    ]


AMOUNTS = [Decimal(text) for text in ("0.5", "10.50", "999.99", "1012", "2500", "1234567.89")]


def written(amount: Decimal, *, decimal: str, thousands: str) -> str:
    text = f"{amount:,}"
    return text.translate(str.maketrans({",": thousands, ".": decimal}))


STYLES = {
    "plain": (".", ""),
    "US": (".", ","),
    "German": (",", "."),
    "French": (",", "\u202f"),
    "French with no-break space": (",", "\u00a0"),
    "Swiss": (".", "'"),
    "comma": (",", ""),
}


def amounts(tmp_path: Path, columns: dict[str, list[str]], form: str) -> dict[str, list]:
    """What the loader and the macros make of columns of amounts of one file."""
    count = len(next(iter(columns.values())))
    table = {"order_id": [f"O{i}" for i in range(count)], "ordered_at": ["2024-01-01"] * count}
    table |= columns
    if form == "parquet":
        files = {"orders.parquet": pa.table(table)}
    else:
        lines = ["\t".join(table), *("\t".join(row) for row in zip(*table.values(), strict=True))]
        files = {"orders.csv": "\n".join(lines) + "\n"}
    loaded = load(tmp_path, files)
    return {name: read("as_decimal", [row[0] for row in loaded.orders(name)]) for name in columns}


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("style", STYLES)
def test_amounts_are_read_in_every_way_of_writing(tmp_path, style, form):
    decimal, thousands = STYLES[style]
    texts = [written(amount, decimal=decimal, thousands=thousands) for amount in AMOUNTS]
    signed = [f"-{text}" for text in texts]
    found = amounts(tmp_path, {"order_total": texts, "discount_amount": signed}, form)
    assert found["order_total"] == AMOUNTS
    assert found["discount_amount"] == [-amount for amount in AMOUNTS]


@pytest.mark.parametrize(("first", "second"), list(product(STYLES, STYLES)))
def test_each_column_has_its_own_way_of_writing(tmp_path, first, second):
    columns = {}
    for name, style in (("order_total", first), ("discount_amount", second)):
        decimal, thousands = STYLES[style]
        columns[name] = [written(a, decimal=decimal, thousands=thousands) for a in AMOUNTS]
    found = amounts(tmp_path, columns, "csv")
    assert found["order_total"] == found["discount_amount"] == AMOUNTS


def test_a_number_is_read_as_part_of_its_column(tmp_path):
    assert amounts(tmp_path, {"order_total": ["1.012", "10,50", "2.500,00"]}, "csv") == {
        "order_total": [1012, Decimal("10.5"), 2500]
    }
    assert amounts(tmp_path, {"order_total": ["1,012", "10.50", "2,500.00"]}, "csv") == {
        "order_total": [1012, Decimal("10.5"), 2500]
    }
    # alone it is what it says
    assert amounts(tmp_path, {"order_total": ["1.012", "2.500"]}, "csv") == {
        "order_total": [Decimal("1.012"), Decimal("2.5")]
    }


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_points_before_three_digits_beside_short_whole_numbers_are_doubtful(tmp_path, form):
    def read_in(*texts: str) -> list:
        (tmp_path / str(texts)).mkdir()
        return amounts(tmp_path / str(texts), {"order_total": list(texts)}, form)["order_total"]

    assert read_in("500", "1.000", "2.500") == [500, None, None]
    # three decimals all over, a longer number without a sign, a value that says what the point is
    assert read_in("500.000", "1.000") == [500, 1]
    assert read_in("500", "1.250", "1500") == [500, Decimal("1.25"), 1500]
    assert read_in("500", "1.250", "0.5") == [500, Decimal("1.25"), Decimal("0.5")]
    assert read_in("500", "1.250", "1.234.567") == [500, 1250, 1234567]


def test_where_a_column_says_nothing_the_file_does(tmp_path):
    found = amounts(
        tmp_path, {"order_total": ["1.012", "2.500"], "discount_amount": ["0,5", "1,25"]}, "csv"
    )
    assert found == {"order_total": [1012, 2500], "discount_amount": [Decimal("0.5"), 1.25]}
    found = amounts(
        tmp_path, {"order_total": ["1,012", "2,500"], "discount_amount": ["0.5", "1.25"]}, "csv"
    )
    assert found["order_total"] == [1012, 2500]


def test_what_could_be_either_is_not_read(tmp_path):
    both_ways = ["12.50", "10,50", "1.012", "1,012", "1.234,5"]
    assert amounts(tmp_path, {"order_total": both_ways}, "csv")["order_total"] == [
        *(Decimal("12.5"), Decimal("10.5"), None, None, Decimal("1234.5"))
    ]
    assert amounts(tmp_path, {"order_total": ["1,012", "3"]}, "csv")["order_total"] == [None, 3]
    (tmp_path / "x").mkdir()
    text = HEADER.replace("customer_id", "order_total") + 'O1,2024-01-01,"1,012"\n'
    assert load(tmp_path / "x", {"orders.csv": text}).notes == [
        "orders.csv: order_total: 1 values such as 1.012 or 1,012 could be thousands or decimals; "
        "they are not read"
    ]


@pytest.mark.parametrize(
    "text", ["€5", "5 EUR", "1.2.3", "1,2,3", "--5", "5-", "(5)", "1,23,456.7"]
)
def test_what_is_no_number_is_none_in_any_column(tmp_path, text):
    for beside in (["1"], ["1,5"], ["1.5", "2,50"]):
        found = amounts(tmp_path, {"order_total": [text, *beside]}, "csv")["order_total"]
        assert found[0] is None
        assert None not in found[1:]


def test_no_number_is_rounded_to_nothing_or_to_a_count():
    assert read("as_decimal", ["0.00004", "-0.00001", "0.0000", "1e-9"]) == [None, None, 0, None]
    assert read("as_count", ["2.00004", "2.5", "3.0", "1e3", "-1"]) == [None, None, 3, 1000, -1]
    assert read("as_count", [2.00004, 3.0], type_="double") == [None, 3]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_more_decimals_than_are_kept_are_counted_and_said(tmp_path, form):
    # what would be rounded to nothing is not read, and not said to be rounded
    found = {"order_total": ["33.333333", "1.50000", "2.1234", "0.000001"]}
    if form == "csv":
        lines = "".join(f"O{i},2024-01-01,{x}\n" for i, x in enumerate(found["order_total"]))
        files = {"orders.csv": "order_id,ordered_at,order_total\n" + lines}
    else:
        values = pa.array([float(text) for text in found["order_total"]])
        files = {"orders.parquet": parquet_of(values, "order_total")}
    (note,) = load(tmp_path, files).notes
    assert note.endswith(
        "order_total: 1 values have more than 4 decimals and are rounded, such as 33.333333"
    )


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_formula_around_an_id_is_unwrapped(tmp_path, form):
    ids = ['="007"', '="00,123"', "8", '="a""b"', '=""', "=1+1"]
    if form == "csv":
        quoted = ['"' + text.replace('"', '""') + '"' for text in ids]
        lines = "".join(f"O{i},2024-01-01,{text}\n" for i, text in enumerate(quoted))
        files = {"orders.csv": HEADER + lines}
    else:
        files = {"orders.parquet": parquet_of(pa.array(ids), "customer_id")}
    loaded = load(tmp_path, files)
    found = [row[0] for row in loaded.orders("customer_id")]
    assert found == ["007", "00,123", "8", 'a"b', None, "=1+1"]
    assert loaded.notes[0].endswith('customer_id: 4 formulas such as ="007" unwrapped')


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_apostrophe_of_a_spreadsheet_is_no_part_of_a_value(tmp_path, form):
    ids = ["'007", "'t Hart", "'-5", "'1'", "'", "007"]
    if form == "csv":
        lines = "".join(f"O{i},2024-01-01,{text}\n" for i, text in enumerate(ids))
        files = {"orders.csv": HEADER + lines}
    else:
        files = {"orders.parquet": parquet_of(pa.array(ids), "customer_id")}
    loaded = load(tmp_path, files)
    found = [row[0] for row in loaded.orders("customer_id")]
    assert found == ["007", "'t Hart", "-5", "'1'", "'", "007"]
    assert loaded.notes[0].endswith(
        "customer_id: 2 values such as '007 are read without the apostrophe of a spreadsheet"
    )


def test_ids_that_a_spreadsheet_has_cut_are_said_in_any_file(tmp_path):
    lines = "O1,2024-01-01,1.23E+12\nO2,2024-01-01,1.23E+12\nO3,2024-01-01,E+1\n"
    assert load(tmp_path, {"orders.csv": HEADER + lines}).notes == [
        "orders.csv: customer_id: 2 ids were cut by a spreadsheet, such as 1.23E+12: different "
        "ones may have become one"
    ]


def test_shares_in_a_column_of_percent_are_said(tmp_path):
    text = "month,average_delivery_days,on_time_rate_pct\n2024-01-01,3,0.95\n2024-02-01,3,1\n"
    (note,) = load(tmp_path, {"delivery_months.csv": text}).notes
    assert note.startswith(
        "delivery_months.csv: on_time_rate_pct: no value is above 1, and percent"
    )
    assert load(tmp_path, {"delivery_months.csv": text + "2024-03-01,3,95\n"}).notes == []


@pytest.mark.parametrize("word", ["Guest", "0", "-1", "unknown"])
def test_an_id_that_may_stand_for_nobody_is_said_and_stays(tmp_path, word):
    lines = "".join(f"O{i},2024-01-01,{word if i < 2 else f'C{i}'}\n" for i in range(30))
    loaded = load(tmp_path, {"orders.csv": HEADER + lines})
    assert loaded.notes == [
        f"orders.csv: customer_id: 2 rows say {word}: that is one customer here; leave the cell "
        f"empty for customers who are not known"
    ]
    assert loaded.orders("customer_id")[0] == (word,)
    few = lines + "".join(f"P{i},2024-01-01,C{i}\n" for i in range(30))
    assert load(tmp_path, {"orders.csv": HEADER + few}).notes == []


NOTHING = ["NULL", "Null", "(null)", "[NULL]", "\\N", "n/a", "#N/A", "#NULL!", "None", "–", "NaT"]
KINDS = {
    "customer_id": ("text", [*NOTHING, "none", "NaN", "NA", "--", "nil", "(not set)", "#REF!"]),
    "sales_channel": ("text", [*NOTHING, "none", "NaN"]),
    "order_total": ("decimal", [*NOTHING, "nan", "NA", "--"]),
    "delivered_at": (
        "timestamp",
        [*NOTHING, "none", "NaN", "NA", "0000-00-00", "1900-01-00"]
        + ["0001-01-01", "0001-01-01T00:00:00Z", "9999-12-31 23:59:59.997", "9999-12-31"],
    ),
}
MEANT = {
    "customer_id": ["nanny", "0", "A-", "Non", "?"],
    "sales_channel": ["NA", "--", "nil", "#REF!"],
    "order_total": ["NaN", "none", "#DIV/0!", "0"],
    "delivered_at": ["0000-01-01", "1900-01-01", "never"],
}


@pytest.mark.parametrize("name", KINDS)
def test_the_loader_and_the_staging_models_know_the_same_words_for_nothing(name):
    kind, words = KINDS[name]
    in_sql = expression("is_word_for_nothing", name, kind)
    in_python = is_nothing(name, name, kind)
    with duckdb.connect() as con:
        for text in [*words, *MEANT[name]]:
            found = con.execute(
                f"select {in_sql}, {in_python} from (select ? as {name})", [text]
            ).fetchone()
            assert found == (text in words,) * 2, text


def test_the_first_and_the_last_day_of_all_are_none():
    texts = ["0001-01-01 00:00:00", "9999-12-31T23:59:59Z", "9999-12-30", "2024-01-01", None]
    assert read("is_never", texts) == [True, True, False, False, False]
    days = [datetime(1, 1, 1), datetime(9999, 12, 31, 12), datetime(2024, 1, 1)]
    assert read("is_never", days, type_="timestamp") == [True, True, False]


def test_words_for_nothing_are_counted_and_said(tmp_path):
    text = HEADER + "O1,2024-01-01,NULL\nO2,2024-01-01,N/A\nO3,2024-01-01,C1\n"
    assert load(tmp_path, {"orders.csv": text}).notes == [
        "orders.csv: customer_id: 2 cells say N/A or the like: nothing"
    ]


def test_ids_that_look_alike_and_are_not_are_said(tmp_path):
    ids = ["\u00e9", "e\u0301", "A1", "A\u200b1", "B\u200e", "B", "\u00f6"]
    lines = "".join(f"O{i},2024-01-01,{text}\n" for i, text in enumerate(ids))
    loaded = load(tmp_path, {"orders.csv": HEADER + lines})
    # marks at an end go, as spaces do
    assert [row[0] for row in loaded.orders("customer_id")] == [*ids[:4], "B", "B", "\u00f6"]
    assert loaded.notes == [
        "orders.csv: customer_id: 2 ids look like others and are written in another form of "
        "Unicode or with signs that nobody sees, such as A1: they count as different ones"
    ]


@pytest.mark.parametrize(("kind", "digits"), [(pa.float64(), 2**53), (pa.float32(), 2**24)])
def test_ids_stored_as_numbers_too_long_for_them_are_said(tmp_path, kind, digits):
    values = pa.array([float(digits), 7.0, float("nan"), None], kind)
    loaded = load(tmp_path, {"orders.parquet": parquet_of(values, "customer_id")})
    assert loaded.notes == [
        "orders.parquet: customer_id: 1 ids are stored as numbers with more digits than such a "
        "number holds: different ones may have become one; store ids as text"
    ]


@pytest.mark.parametrize("beside", ["5", "1,50", "2.500,00"])
def test_an_underscore_stands_between_thousands_or_is_no_number(tmp_path, beside):
    found = amounts(tmp_path, {"order_total": ["1_0", "12_34.5", beside]}, "csv")["order_total"]
    assert found[:2] == [None, None]
    assert found[2] is not None
    (tmp_path / "thousands").mkdir()
    texts = {"order_total": ["1_000", "1_234_567.5"]}
    assert amounts(tmp_path / "thousands", texts, "csv")["order_total"] == [
        1000,
        Decimal("1234567.5"),
    ]


def test_a_thin_space_stands_between_thousands(tmp_path):
    found = amounts(tmp_path, {"order_total": ["2\u2009500,50", "1,5"]}, "csv")
    assert found["order_total"] == [Decimal("2500.5"), Decimal("1.5")]


def test_truth_values_as_programs_write_them_beside_missing_ones():
    texts = ["1.0", "0.0", "1", "0", "yes", "N", "0.5", "ja", "x", "2"]
    expected = [True, False, True, False, True, False, None, None, None, None]
    assert read("as_boolean", texts) == expected


TICKETS = {
    "ticket_id": ["7001", "7002", "7003"],
    "opened_at": [datetime(2024, 3, 1, 8, 30), datetime(2024, 3, 30, 23, 45, 1), None],
    "customer_id": ["12", None, "9007199"],
    "satisfaction_score": [Decimal("4.25"), None, Decimal("12345.125")],
    "handle_minutes": [Decimal("3"), Decimal("99999.99"), None],
}
KINDS_OF_COLUMNS = {"ticket_id": "id", "customer_id": "id", "opened_at": "time"}
TYPES = {
    "nanoseconds": {"time": pa.timestamp("ns")},
    "milliseconds in a zone": {"time": pa.timestamp("ms", "Asia/Tokyo")},
    "seconds": {"time": pa.timestamp("s", "UTC")},
    "floats": {"id": pa.float64(), "amount": pa.float64()},
    "single floats": {"id": pa.float32(), "amount": pa.float32()},
    "unsigned ids": {"id": pa.uint64()},
    "wide decimals": {"id": pa.decimal128(38, 0), "amount": pa.decimal128(38, 18)},
    "large texts": {"id": pa.large_string(), "time": pa.large_string()},
    "bytes": {"id": pa.binary(), "time": pa.binary(), "amount": pa.binary()},
    "categories": {"id": pa.dictionary(pa.int8(), pa.string())},
}


def typed_column(name: str, values: list, types: dict[str, pa.DataType]) -> pa.Array:
    kind = KINDS_OF_COLUMNS.get(name, "amount")
    usual = {"id": pa.string(), "time": pa.timestamp("us"), "amount": pa.decimal128(18, 4)}
    target = types.get(kind, usual[kind])
    if pa.types.is_timestamp(target) and target.tz:
        values = [value and value.replace(tzinfo=UTC) for value in values]
    elif pa.types.is_integer(target) or pa.types.is_decimal(target):
        values = [value if value is None else Decimal(value) for value in values]
        values = [int(value) if kind == "id" and value else value for value in values]
    elif pa.types.is_floating(target):
        values = [value if value is None else float(value) for value in values]
    elif pa.types.is_dictionary(target):
        return pa.array(values).dictionary_encode()
    elif not pa.types.is_timestamp(target):
        texts = [value if value is None else str(value) for value in values]
        values = [text and text.encode() for text in texts]
    return pa.array(values, target)


def tickets_of(folder: Path, files: dict) -> list[tuple]:
    folder.mkdir()
    shop = ShopSettings(time_zone="America/New_York")
    readings = ", ".join(
        {"id": name, "time": expression("as_timestamp", name, zone=shop.time_zone)}.get(
            KINDS_OF_COLUMNS.get(name, ""), expression("as_decimal", name)
        )
        for name in TICKETS
    )
    return load(folder, files, shop=shop).query(
        f"select {readings} from raw.support_tickets order by row_number"
    )


@pytest.mark.parametrize("types", TYPES.values(), ids=TYPES)
def test_a_shop_is_the_same_in_csv_and_in_any_type_of_parquet(tmp_path: Path, types):
    rows = zip(*TICKETS.values(), strict=True)
    lines = [",".join("" if value is None else str(value) for value in row) for row in rows]
    text = "\n".join([",".join(TICKETS), *lines]) + "\n"
    expected = tickets_of(tmp_path / "csv", {"support_tickets.csv": text})
    assert expected[0] == ("7001", datetime(2024, 3, 1, 8, 30), "12", Decimal("4.25"), 3)
    columns = {name: typed_column(name, values, types) for name, values in TICKETS.items()}
    columns[" Extra"] = pa.array([{"a": [1]}] * 3)
    found = tickets_of(tmp_path / "parquet", {"support_tickets.parquet": pa.table(columns)})
    assert found == expected
