"""Clusters: the choice follows from the table, the order of rows does not matter."""

import numpy as np
import pandas as pd
import pytest

from retail_analytics.customers.clusters import choose_k, fit_clusters, names


def three_groups(seed: int = 1) -> pd.DataFrame:
    """Customers of three clearly different kinds, 60, 30 and 10 %."""
    random = np.random.default_rng(seed)
    kinds = random.choice(3, size=1_000, p=[0.6, 0.3, 0.1])
    typical = np.array([[400, 1, 30], [120, 4, 250], [5, 20, 3_000]])[kinds]
    values = typical * random.lognormal(0, 0.25, (1_000, 3))
    frame = pd.DataFrame(values, columns=["recency_days", "frequency", "monetary"])
    return frame.assign(customer_id=[f"C{i:04}" for i in range(1_000)])


def test_three_groups_are_found_and_ordered_by_spend() -> None:
    fits = fit_clusters(three_groups(), seed=7)
    chosen = fits[fits["is_chosen"]]
    assert list(chosen["k"].unique()) == [3]
    assert list(chosen["cluster_id"]) == [1, 2, 3]
    assert chosen["monetary_center"].is_monotonic_decreasing
    assert chosen["cluster_share"].to_numpy() == pytest.approx([0.1, 0.3, 0.6], abs=0.03)
    assert chosen["bootstrap_ari"].iloc[0] > 0.95


def test_order_of_rows_changes_nothing() -> None:
    customers = three_groups()
    shuffled = customers.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(fit_clusters(customers, seed=7), fit_clusters(shuffled, seed=7))


def test_scaling_money_changes_no_cluster_share() -> None:
    customers = three_groups()
    scaled = customers.assign(monetary=customers["monetary"] * 1_000)
    shares = [
        fit.loc[fit["is_chosen"], "cluster_share"].to_numpy()
        for fit in (fit_clusters(customers, seed=7), fit_clusters(scaled, seed=7))
    ]
    assert shares[0] == pytest.approx(shares[1], abs=0.01)


def table(*rows: tuple[int, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["k", "silhouette", "smallest_share", "bootstrap_ari"])


def test_a_tiny_cluster_does_not_win_by_its_silhouette() -> None:
    assert choose_k(table((2, 0.9, 0.001, 1.0), (3, 0.4, 0.1, 0.9))) == 3


def test_an_unstable_number_does_not_win_by_its_silhouette() -> None:
    assert choose_k(table((2, 0.4, 0.2, 0.9), (5, 0.6, 0.1, 0.5))) == 2


def test_without_a_stable_number_the_silhouette_of_large_clusters_decides() -> None:
    assert choose_k(table((2, 0.4, 0.2, 0.7), (5, 0.6, 0.1, 0.5), (6, 0.9, 0.0, 0.6))) == 5


def test_a_tie_goes_to_the_smaller_number() -> None:
    assert choose_k(table((4, 0.5, 0.2, 0.9), (3, 0.5, 0.2, 0.9))) == 3


def test_names_say_when_how_often_and_how_much_and_differ() -> None:
    centers = np.array([[-1, 1, 1], [1, -1, -1], [1, -1, -1]])
    assert names(centers, np.array([9, 1, 1])) == [
        "On average recent frequent buyers, big spend",
        "On average lapsed one-time buyers, small spend (1)",
        "On average lapsed one-time buyers, small spend (2)",
    ]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "customers",
    [
        pd.DataFrame(columns=["customer_id", "recency_days", "frequency", "monetary"]),
        three_groups().head(2),
        three_groups().assign(frequency=1),
        three_groups().assign(recency_days=9, frequency=1, monetary=5),
    ],
    ids=["none", "two", "one measure alike", "all alike"],
)
def test_too_little_to_cluster_gives_no_rows(customers: pd.DataFrame) -> None:
    assert fit_clusters(customers, seed=7).empty


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="monetary"):
        fit_clusters(three_groups().drop(columns="monetary"), seed=7)
