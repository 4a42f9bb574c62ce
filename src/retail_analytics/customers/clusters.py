"""K-means clusters of customers on recency, frequency and monetary value.

The measures are standardised logarithms: on raw values one cluster of a dozen big customers gives
the best silhouette (12 of 23,570 in CDNOW) and helps nobody. The fit reads a bounded sample;
every customer is assigned afterwards, in SQL, from the table of centroids.
"""

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score

MEASURES = ["recency_days", "frequency", "monetary"]
METHOD = "k-means on standardised log1p"
CANDIDATES = range(2, 9)
# below this, shares of a few per cent are single customers
MINIMUM_CUSTOMERS = 100
MINIMUM_SHARE = 0.03
MINIMUM_STABILITY = 0.8
BOOTSTRAPS = 5
# the exact silhouette is quadratic in the rows
SILHOUETTE_ROWS = 2_000

COLUMNS = [
    "k",
    "cluster_id",
    "cluster_name",
    "is_chosen",
    *[f"{measure}_{part}" for measure in MEASURES for part in ("mean", "sd", "center")],
    "cluster_share",
    "inertia",
    "silhouette",
    "davies_bouldin",
    "smallest_share",
    "bootstrap_ari",
    "row_count",
]


def fit_clusters(customers: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Centroids and quality of k-means for every candidate k, with the k that is to be used.

    customers: customer_id and the three measures (days, purchases, amount), a row per customer.
    Returns one row a k and cluster (COLUMNS): the centroid in standardised log1p units, the mean
    and standard deviation to standardise with, the share of customers, and for the k: inertia,
    silhouette (Rousseeuw 1987, on at most 2,000 rows, equally many a cluster where they have
    them), Davies-Bouldin index (1979), smallest share, and the mean adjusted Rand index (Hubert and
    Arabie 1985) of refits on bootstrap samples. Cluster 1 has the highest mean monetary value.

    Chosen is the k of the highest silhouette among those whose smallest cluster has 3 % and whose
    bootstrap index is .8, else among those with 3 %, else the most stable. Empty when there are
    fewer than 100 customers or a measure does not vary.
    """
    missing = [name for name in ["customer_id", *MEASURES] if name not in customers.columns]
    if missing:
        raise ValueError(f"customers: column {missing[0]} is missing")
    customers = customers.sort_values("customer_id")
    raw = customers[MEASURES].to_numpy(dtype=float)
    logs = np.log1p(np.maximum(raw, 0))
    if len(logs) < MINIMUM_CUSTOMERS or (np.ptp(logs, axis=0) == 0).any():
        return pd.DataFrame(columns=COLUMNS)
    mean, sd = logs.mean(axis=0), logs.std(axis=0)
    points = (logs - mean) / sd
    distinct = len(np.unique(points, axis=0))
    fits = [
        describe_fit(points, raw, k=k, seed=seed, mean=mean, sd=sd)
        for k in CANDIDATES
        if k < distinct
    ]
    if not fits:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(fits, ignore_index=True)
    table["is_chosen"] = table["k"] == choose_k(table)
    return table[COLUMNS]


def describe_fit(
    points: np.ndarray, raw: np.ndarray, *, k: int, seed: int, mean: np.ndarray, sd: np.ndarray
) -> pd.DataFrame:
    """One k: one row per cluster, the best spender first."""
    fit = KMeans(k, n_init=3, random_state=seed).fit(points)
    spend = np.array([raw[fit.labels_ == cluster, 2].mean() for cluster in range(k)])
    order = np.argsort(-spend, kind="stable")
    labels = np.argsort(order)[fit.labels_]
    centers = fit.cluster_centers_[order]
    shares = np.bincount(labels, minlength=k) / len(labels)
    frequency = [raw[labels == cluster, 1].mean() for cluster in range(k)]
    rows = stratified_rows(labels, seed=seed)
    table = pd.DataFrame(
        {
            "k": k,
            "cluster_id": np.arange(1, k + 1),
            "cluster_name": names(centers, np.array(frequency)),
            "cluster_share": shares,
            "inertia": fit.inertia_,
            "silhouette": silhouette_score(points[rows], labels[rows]),
            "davies_bouldin": davies_bouldin_score(points, labels),
            "smallest_share": shares.min(),
            "bootstrap_ari": stability(points, labels, k=k, seed=seed),
            "row_count": len(points),
        }
    )
    for column, measure in enumerate(MEASURES):
        table[f"{measure}_mean"] = mean[column]
        table[f"{measure}_sd"] = sd[column]
        table[f"{measure}_center"] = centers[:, column]
    return table


def stability(points: np.ndarray, labels: np.ndarray, *, k: int, seed: int) -> float:
    """Mean adjusted Rand index of the labels and those of fits on bootstrap samples."""
    random = np.random.default_rng(seed)
    scores = []
    for draw in range(BOOTSTRAPS):
        sample = points[random.integers(0, len(points), len(points))]
        refit = KMeans(k, n_init=2, random_state=seed + draw).fit(sample)
        scores.append(adjusted_rand_score(labels, refit.predict(points)))
    return float(np.mean(scores))


def stratified_rows(labels: np.ndarray, *, seed: int) -> np.ndarray:
    """Row positions, at most SILHOUETTE_ROWS, equally many a cluster where it has them."""
    random = np.random.default_rng(seed)
    clusters = np.unique(labels)
    share = SILHOUETTE_ROWS // len(clusters)
    picked = []
    for cluster in clusters:
        members = np.flatnonzero(labels == cluster)
        picked.append(random.permutation(members)[:share])
    return np.sort(np.concatenate(picked))


def choose_k(table: pd.DataFrame) -> int:
    """The k to use, from one row a k and cluster; see fit_clusters."""
    by_k = table.groupby("k", as_index=False).first()
    large = by_k[by_k["smallest_share"] >= MINIMUM_SHARE]
    stable = large[large["bootstrap_ari"] >= MINIMUM_STABILITY]
    for candidates, measure in ((stable, "silhouette"), (large, "silhouette")):
        if len(candidates):
            return int(candidates.sort_values([measure, "k"], ascending=[False, True])["k"].iloc[0])
    return int(by_k.sort_values(["bootstrap_ari", "k"], ascending=[False, True])["k"].iloc[0])


def names(centers: np.ndarray, frequency: np.ndarray) -> list[str]:
    """Names in a marketer's words from standardised centroids and mean purchases; all different."""
    found = []
    for (recency, _, monetary), purchases in zip(centers, frequency, strict=True):
        when = "recent" if recency < -0.5 else "lapsed" if recency > 0.5 else "quiet"
        often = "one-time" if purchases < 1.5 else "frequent" if purchases >= 5 else "repeat"
        much = "big" if monetary > 0.5 else "small" if monetary < -0.5 else "medium"
        found.append(f"On average {when} {often} buyers, {much} spend")
    return [
        name if found.count(name) == 1 else f"{name} ({found[: position + 1].count(name)})"
        for position, name in enumerate(found)
    ]
