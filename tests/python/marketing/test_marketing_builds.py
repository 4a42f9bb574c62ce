"""Folders built through the whole chain: known answers, odd journeys, and shops without touches."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, BuildWarehouse, Built

pytestmark = pytest.mark.slow

SHARED = ROOT.parent / "shared" / "data"
PART = (
    "--select",
    "+path:models/marts/marketing",
    "+path:python_models/marketing",
    "--exclude-resource-type",
    "unit_test",
    "--indirect-selection",
    "cautious",
)
RULES = {"first", "last", "linear", "position", "time_decay", "shapley", "markov"}
# path: orders, their value, journeys without
HAND = {
    "a": (2, 20, 2),
    "a > b": (3, 60, 1),
    "b > a > c": (1, 30, 3),
    "c": (0, 0, 4),
    "b > b": (1, 10, 3),
}
Journey = tuple[list[str], float | None]


def folder_of(folder: Path, journeys: Iterable[Journey], **tables: str) -> Path:
    """Input files: one customer per journey, touches an hour apart, the order an hour later."""
    touches = ["touchpoint_id,customer_id,touched_at,channel"]
    orders = ["order_id,ordered_at,customer_id,order_total"]
    customers = ["customer_id,signed_up_on"]
    start = pd.Timestamp("2024-01-05 00:30:00")
    number = 0
    for customer, (path, value) in enumerate(journeys):
        customers.append(f"C{customer},2024-01-01")
        for place, channel in enumerate(path):
            number += 1
            at = start + pd.Timedelta(minutes=place)
            touches.append(f"T{number:07},C{customer},{at},{channel}")
        if value is not None:
            at = start + pd.Timedelta(minutes=len(path))
            orders.append(f"O{customer},{at},C{customer},{value:.4f}")
    written = {"touchpoints": touches, "orders": orders, "customers": customers}
    for name, lines in written.items():
        text = "\n".join([*lines, *tables.pop(name, "").split("\n")]).strip() + "\n"
        (folder / f"{name}.csv").write_text(text)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def made(build_warehouse: BuildWarehouse, data: Path, *, as_of: str = "2024-06-30") -> Built:
    built = build_warehouse(data, as_of=as_of, args=PART)
    assert built.exit_code == 0, built.output
    return built


def ask(built: Built, statement: str) -> list[tuple]:
    return built.query_build(statement)


def expanded(paths: dict[str, tuple[int, float, int]]) -> list[Journey]:
    journeys: list[Journey] = []
    for path, (won, value, lost) in paths.items():
        journeys += [(path.split(" > "), value / max(won, 1))] * won
        journeys += [(path.split(" > "), None)] * lost
    return journeys


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, build_warehouse: BuildWarehouse) -> Built:
    """The case by hand, and beside it touches after the order, guests, and a second order."""
    folder = folder_of(
        tmp_path_factory.mktemp("hand"),
        expanded(HAND),
        touchpoints="\n".join(
            [
                # in March: written otherwise, by somebody unknown, and after the only order
                "X1,guest,2024-03-01 10:00:00, A",
                "X2,X,2024-03-01 10:00:00,a",
                "X3,X,2024-03-01 12:00:00,B",
                "X4,X,2024-03-01 12:00:01,b",
                "X5,X,2024-03-20 12:00:00,a",
            ]
        ),
        orders="\n".join(
            [
                "X1,2024-03-01 12:00:00,X,50",
                "X2,2024-03-02 12:00:00,X,70",
                "X3,2024-03-03 12:00:00,,11",
            ]
        ),
        customers="X,2024-01-01",
    )
    return made(build_warehouse, folder, as_of="2024-04-10")


def test_the_case_by_hand_comes_out_of_the_tables(odd: Built) -> None:
    found = {
        (method, channel): (orders, revenue)
        for method, channel, orders, revenue in ask(
            odd,
            "select method, channel, orders, revenue from marts.attribution "
            "where month = date '2024-01-01' and channel <> 'unattributed'",
        )
    }
    expected = {
        "first": (5, 2, None),
        "last": (2, 4, 1),
        "linear": (23 / 6, 17 / 6, 1 / 3),
        "shapley": (23 / 6, 17 / 6, 1 / 3),
        "position": (3.7, 2.9, 0.4),
    }
    for method, credits in expected.items():
        for channel, credit in zip("abc", credits, strict=True):
            if credit is not None:
                assert found[(method, channel)][0] == pytest.approx(credit, abs=1e-6)


def test_every_rule_adds_up_to_all_revenue(odd: Built) -> None:
    rows = ask(
        odd,
        "select attribution.month, method, sum(orders), sum(attribution.revenue), "
        "(select count(*) from marts.orders where date_trunc('month', ordered_on) = "
        "attribution.month and is_purchase), (select sum(revenue) from marts.orders "
        "where date_trunc('month', ordered_on) = attribution.month) "
        "from marts.attribution group by all",
    )
    assert {method for _, method, *_ in rows} == RULES
    for _, _, orders, revenue, all_orders, all_revenue in rows:
        assert orders == pytest.approx(all_orders, abs=1e-6)
        assert revenue == pytest.approx(float(all_revenue), abs=0.005)


def test_touches_are_placed_and_marked(odd: Built) -> None:
    rows = ask(
        odd,
        "select touchpoint_id, channel, order_id, is_guest, is_after_order, position "
        "from marts.touchpoints where touchpoint_id like 'X%' order by all",
    )
    assert rows == [
        ("X1", "a", None, True, False, 1),
        ("X2", "a", "X1", False, False, 1),
        # in the second of the order
        ("X3", "b", "X1", False, False, 2),
        ("X4", "b", "X2", False, False, 1),
        ("X5", "a", None, False, True, 1),
    ]
    ((touches, journeys),) = ask(
        odd, "select count(*), count(distinct journey_id) from marts.touchpoints"
    )
    assert [(touches,)] == ask(odd, "select sum(touch_count) from marts.journeys")
    assert [(journeys,)] == ask(odd, "select count(*) from marts.journeys")
    # the last touch is within the window of the as-of date
    assert ask(odd, "select journey_id from marts.journeys where is_open") == [("X5",)]


def test_rules_agree_with_themselves(odd: Built) -> None:
    rows = ask(
        odd,
        "select one.method_a, one.method_b, one.kendall_tau, other.kendall_tau "
        "from marts.attribution_agreement as one "
        "inner join marts.attribution_agreement as other "
        "on one.method_a = other.method_b and one.method_b = other.method_a",
    )
    assert len(rows) == len(RULES) ** 2
    for first, second, tau, mirrored in rows:
        assert tau == mirrored
        assert first != second or tau == 1


def test_without_spend_everything_says_so(odd: Built) -> None:
    for table in ("mix_parameters", "response_curves", "budget_recommendations"):
        assert ask(odd, f"select count(*) from marts.{table}") == [(0,)]
    assert ask(odd, "select distinct status from marts.budget_scenarios") == [
        ("insufficient_data",)
    ]
    assert ask(odd, "select distinct status from marts.conversion_scores") == [
        ("insufficient_data",)
    ]
    assert ask(odd, "select count(*) from marts.channel_returns where roi is not null") == [(0,)]


def test_many_channels_and_a_long_path(tmp_path: Path, build_warehouse: BuildWarehouse) -> None:
    names = [f"channel {number:03}" for number in range(200)]
    journeys: list[Journey] = [((names * 3)[:500], 80.0)]
    journeys += [([name], 10.0 if number % 3 == 0 else None) for number, name in enumerate(names)]
    built = made(build_warehouse, folder_of(tmp_path, journeys))
    rows = ask(
        built,
        "select method, count(distinct channel), sum(orders) from marts.attribution "
        "where channel <> 'unattributed' group by all",
    )
    assert {method for method, _, _ in rows} == RULES
    for method, channels, orders in rows:
        assert orders == pytest.approx(68, abs=1e-4)
        assert channels == 200 or method in ("first", "last", "position")
    assert ask(built, "select max(touch_count) from marts.journeys") == [(500,)]
    assert ask(built, "select max(path_length) from marts.journey_paths") == [(5,)]


def test_a_single_journey_of_one_channel(tmp_path: Path, build_warehouse: BuildWarehouse) -> None:
    built = made(build_warehouse, folder_of(tmp_path, [(["mail", "mail"], 25.0)]))
    assert ask(built, "select count(*), sum(revenue) from marts.journeys") == [(1, 25)]
    rows = ask(
        built,
        "select method, status, orders from marts.attribution where channel = 'mail' order by all",
    )
    assert ("markov", "insufficient_data", None) in rows
    assert [row for row in rows if row[0] != "markov"] == [
        (method, "ok", 1.0) for method in sorted(RULES - {"markov"})
    ]
    assert ask(built, "select count(*) from marts.channel_synergies") == [(0,)]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not there")
def test_the_published_journeys_come_out_of_the_tables(
    tmp_path: Path, build_warehouse: BuildWarehouse
) -> None:
    # the same path stands there in several rows
    paths = pd.read_parquet(SHARED / "journey_paths" / "paths.parquet").groupby("path").sum()
    journeys = expanded(
        {
            row.Index: (row.total_conversions, row.total_conversion_value, row.total_null)
            for row in paths.itertuples()
        }
    )
    built = made(build_warehouse, folder_of(tmp_path, journeys))
    found = {
        (method, channel): (orders, revenue)
        for method, channel, orders, revenue in ask(
            built,
            "select method, channel, sum(orders), sum(revenue) from marts.attribution "
            "where channel <> 'unattributed' group by all",
        )
    }
    answers = pd.read_csv(SHARED / "journey_paths" / "answers.csv")
    names = {
        "first": "first",
        "last": "last",
        "linear": "linear",
        "position_40_20_40": "position",
        "shapley_sets": "shapley",
        "markov_order_1": "markov",
    }
    compared = answers[answers["method"].isin(names)]
    assert len(compared) == 12 * len(names)
    for row in compared.itertuples():
        orders, revenue = found.get((names[row.method], row.channel), (0, 0))
        assert orders == pytest.approx(row.conversions, abs=2e-3)
        # an order's value is rounded to the ten-thousandth
        assert revenue == pytest.approx(row.value, abs=2.0)
