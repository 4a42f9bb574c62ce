"""RFM scores: equal customers alike, better never scores lower, every cell mapped once."""

import csv
import itertools
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail_analytics.customers.rfm import explain, score

RULES = Path(__file__).resolve().parents[3] / "seeds" / "rules" / "customers"
AS_OF = pd.Timestamp("2024-12-31").date()


def scored(rows: list[tuple[int | None, int, float]]) -> pd.DataFrame:
    """Scores of customers given as recency in days, purchases and amount."""
    con = duckdb.connect()
    frame = pd.DataFrame(
        [(AS_OF, f"C{i:03}", *row) for i, row in enumerate(rows)],
        columns=["as_of_date", "customer_id", "recency_days", "frequency", "monetary"],
    ).astype({"recency_days": "Int64"})
    table = score(
        con,
        measures=con.from_df(frame),
        cells=con.read_csv(str(RULES / "rfm_segments.csv")),
        segments=con.read_csv(str(RULES / "segments.csv")),
    )
    return explain(con, scored=table).df().sort_values("customer_id", ignore_index=True)


def test_each_of_the_125_cells_is_mapped_once_to_a_known_segment() -> None:
    with (RULES / "rfm_segments.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (RULES / "segments.csv").open() as file:
        known = {row["segment"] for row in csv.DictReader(file)}
    cells = [
        (
            int(row["recency_score"]),
            int(row["frequency_score"]),
            int(row["monetary_score"]),
        )
        for row in rows
    ]
    assert sorted(cells) == list(itertools.product(range(1, 6), repeat=3))
    assert {row["segment"] for row in rows} == known


def test_scores_are_fifths_of_the_best() -> None:
    table = scored([(10 * day, 11 - day, 100.0 * (11 - day)) for day in range(1, 11)])
    assert list(table["recency_score"]) == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert list(table["frequency_score"]) == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert table["segment"].iloc[0] == "Champions"
    assert table["segment"].iloc[-1] == "Lost"


def test_nobody_is_silent_who_bought_this_month() -> None:
    quiet = {"Can't Lose", "At Risk", "Hibernating", "Lost"}
    rows = [(day, 1 + day % 3, 100.0 + day) for day in range(30)]
    table = scored(rows)
    assert not set(table["segment"]) & quiet
    # scores stay what they are, and a month later they are silent
    assert set(table["recency_score"]) == {1, 2, 3, 4, 5}
    later = scored([(day + 30, count, amount) for day, count, amount in rows])
    assert list(later["recency_score"]) == list(table["recency_score"])
    assert set(later["segment"]) & quiet


def test_the_many_who_bought_once_share_the_lowest_frequency_score() -> None:
    table = scored([(i + 1, 1, 10.0) for i in range(6)] + [(i + 1, 2 + i, 10.0) for i in range(5)])
    assert set(table["frequency_score"][:6]) == {1}


def test_a_sentence_says_why() -> None:
    table = scored([(day, 11 - day, 100.5 * (11 - day)) for day in range(1, 11)])
    assert table["explanation"].iloc[0] == (
        "last order 1 day ago, better than 90 %; 10 orders, better than 90 %; "
        "1,005.00 spent, better than 90 %"
    )
    long_ago = scored([(1_090 + day, 1, 1.0) for day in range(10)])["explanation"].iloc[0]
    assert long_ago.startswith("last order 1,090 days ago")


def test_an_outlier_stands_outside_the_fences_of_the_logarithm() -> None:
    amounts = [100.0, 110, 120, 130, 140, 150, 160, 5_000_000]
    table = scored([(9, 2, amount) for amount in amounts])
    assert list(table["is_monetary_outlier"]) == [False] * 7 + [True]
    assert not table["is_recency_outlier"].any()


def test_the_fences_are_one_and_a_half_ranges_from_the_quartiles() -> None:
    # logarithms 1 to 3 and another: quartiles 1.625 and 2.875, so that the upper fence is 4.75
    amounts = [10**k - 1 for k in (1, 1.5, 2, 2.5, 3)]
    for another, is_outlier in ((4.5, False), (5.5, True)):
        table = scored([(9, 2, amount) for amount in [*amounts, 10**another - 1]])
        assert list(table["is_monetary_outlier"]) == [False] * 5 + [is_outlier]


customers = st.lists(
    st.tuples(
        st.integers(0, 500),
        st.integers(1, 30),
        st.integers(0, 10**6).map(lambda cents: cents / 100),
    ),
    min_size=5,
    max_size=40,
)


@settings(max_examples=40)
@given(customers)
def test_better_never_scores_lower_and_equal_scores_alike(
    rows: list[tuple[int, int, float]],
) -> None:
    table = scored(rows)
    for measure, sign in (("recency_days", -1), ("frequency", 1), ("monetary", 1)):
        name = measure.removesuffix("_days") + "_score"
        ordered = table.assign(good=sign * table[measure]).sort_values(["good", name])
        assert ordered[name].is_monotonic_increasing
        assert (ordered.groupby("good")[name].nunique() == 1).all()
        assert ordered[name].between(1, 5).all()


@settings(max_examples=40)
@given(customers)
def test_a_score_is_six_less_the_fifths_of_those_at_least_as_good(
    rows: list[tuple[int, int, float]],
) -> None:
    table = scored(rows)
    for measure, sign in (("recency_days", -1), ("frequency", 1), ("monetary", 1)):
        good = (sign * table[measure].astype(float)).to_numpy()
        counts = [int((good >= value).sum()) for value in good]
        fifths = [6 - -(-5 * count // len(good)) for count in counts]
        expected = [3] * len(good) if len(set(good)) == 1 else fifths
        assert list(table[measure.removesuffix("_days") + "_score"]) == expected


def test_scaling_money_changes_no_score() -> None:
    rows = [(day, 1 + day % 4, 3.25 * day) for day in range(1, 30)]
    scaled = [(day, count, amount * 100) for day, count, amount in rows]
    names = ["recency_score", "frequency_score", "monetary_score", "segment"]
    pd.testing.assert_frame_equal(scored(rows)[names], scored(scaled)[names])


@pytest.mark.parametrize(
    "rows",
    [[(1, 1, 1.0)], [(1, 1, 1.0), (2, 2, 2.0)], [(None, 0, 0.0)] * 8],
    ids=["one", "two", "no purchases"],
)
def test_too_few_buyers_have_no_scores_and_a_status(
    rows: list[tuple[int | None, int, float]],
) -> None:
    table = scored(rows)
    assert len(table) == len(rows)
    assert set(table["status"]) == {"insufficient_data"}
    assert table["segment"].isna().all()


def test_fifths_need_five_buyers() -> None:
    buyers = [(day, day, 10.0 * day) for day in range(1, 6)]
    assert set(scored(buyers[:4])["status"]) == {"insufficient_data"}
    assert set(scored(buyers)["status"]) == {"ok"}
    # who has never bought makes no fifth
    assert set(scored([*buyers[:4], (None, 0, 0.0)])["status"]) == {"insufficient_data"}


def test_customers_all_alike_are_in_the_middle() -> None:
    table = scored([(9, 1, 5.0)] * 20)
    assert set(table["recency_score"]) | set(table["frequency_score"]) == {3}
    assert set(table["status"]) == {"ok"}


def test_no_customers_give_no_rows() -> None:
    assert scored([]).empty


def test_what_is_said_of_one_order_is_said_of_no_others() -> None:
    # everybody repeats: the newest customers are no newcomers, however seldom they order
    table = scored([(day, 4 + day, 10.0 * day) for day in range(1, 21)])
    assert not set(table["segment"]) & {"New", "Promising", "About to Sleep"}
    # nearly everybody bought once: nobody of them orders often
    table = scored([(day, 1, 10.0 * day) for day in range(1, 21)] + [(30, 2, 5.0)])
    assert set(table["segment"][:20]) <= {
        *("New", "Promising", "About to Sleep", "Hibernating", "Lost"),
    }


def test_a_first_order_is_fresh_for_so_long_only() -> None:
    table = scored([(91 + day, 1, 10.0 * day) for day in range(1, 21)])
    assert "New" not in set(table["segment"]) and "Promising" in set(table["segment"])
    table = scored([(day, 1, 10.0 * day) for day in range(1, 21)])
    assert "New" in set(table["segment"])
    # on its last day it is fresh still
    table = scored([(90, 1, 10.0)] * 4 + [(91, 1, 10.0), *[(200, 1, 10.0)] * 20])
    assert list(table["segment"][:5]) == ["New"] * 4 + ["Promising"]
