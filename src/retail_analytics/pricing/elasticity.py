"""Price elasticity of units sold, within product and week."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtrit

TOLERANCE = 1e-10
# of log prices: below lies what rounding to cents leaves
LEAST_MOVE = 0.005
MOST_ROUNDS = 2_000
# of the Poisson fit: it settles in about ten
MOST_STEPS = 100
# points of the grid over which the spread between categories is averaged
SPREADS = 81
SETTLED = 1e-7
ELASTICITY_COLUMNS = [
    *("level", "category", "status", "method", "elasticity", "elasticity_lower"),
    *("elasticity_upper", "own_elasticity", "own_standard_error", "promotion_effect"),
    *("row_count", "product_count", "price_moves", "price_variation_kept"),
]


@dataclass(frozen=True)
class Slopes:
    """Slopes of a regression within groups and periods.

    Attributes
    ----------
    values, standard_errors : one per column of the regressors, NaN where it does not vary; errors
        go together within a group.
    kept : share of each regressor's variation within groups that periods and the other regressors
        leave to it, 0 to 1.
    degrees : degrees of freedom of each standard error: groups that carry its information, as if of
        one size, less one (effective number of clusters; Carter, Schnepel and Steigerwald 2017).
    """

    values: np.ndarray
    standard_errors: np.ndarray
    kept: np.ndarray
    degrees: np.ndarray

    def half_widths(self, z: float) -> np.ndarray:
        """Half-widths of intervals as wide as z standard errors of a normal, by Student's t."""
        return self.standard_errors * stdtrit(np.maximum(self.degrees, 1), ndtr(z))


def within_two_ways(
    values: np.ndarray,
    group: np.ndarray,
    period: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    tolerance: float = TOLERANCE,
) -> np.ndarray:
    """Values less what their group and their period explain.

    Parameters
    ----------
    values : rows x columns.
    group, period : codes from 0, one per row.
    weights : one per row, above 0; all alike without them.

    Source: alternating projections (Gaure 2013, OLS with multiple high dimensional category
    variables).
    """
    left = np.array(values, float)
    weight = np.ones(len(left)) if weights is None else weights
    sizes = []
    for codes in (group, period):
        size = np.bincount(codes, weight)
        sizes.append(np.where(size > 0, size, 1))
    for _ in range(MOST_ROUNDS):
        before = left.copy()
        for codes, size in zip((group, period), sizes, strict=True):
            for place in range(left.shape[1]):
                left[:, place] -= (np.bincount(codes, weight * left[:, place]) / size)[codes]
        if not len(left) or np.abs(left - before).max() < tolerance:
            break
    return left


def usable_regressors(
    regressors: np.ndarray, group: np.ndarray, period: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Columns that vary within groups and periods, and the share kept of every column."""
    kept = np.zeros(regressors.shape[1])
    if not len(regressors):
        return np.zeros(0, int), kept
    own = np.maximum(np.bincount(group), 1)[:, None]
    means = np.zeros((len(own), regressors.shape[1]))
    np.add.at(means, group, regressors)
    spread = np.sum((regressors - (means / own)[group]) ** 2, axis=0)
    x = within_two_ways(regressors, group, period)
    moment = x.T @ x
    used = np.flatnonzero((spread > 1e-12) & (np.diag(moment) > 1e-8 * np.maximum(spread, 1e-12)))
    while len(used) and np.linalg.matrix_rank(moment[np.ix_(used, used)]) < len(used):
        used = used[:-1]
    if len(used):
        left = 1 / np.diag(np.linalg.inv(moment[np.ix_(used, used)]))
        kept[used] = np.clip(left / spread[used], 0, 1)
    return used, kept


@dataclass(frozen=True)
class Fit:
    """Weighted least squares within groups and periods.

    Attributes
    ----------
    slopes : one per regressor.
    x, rest : rows x columns within groups and periods, and what the fit leaves of the outcome.
    weights : one per row.
    group : code per row; errors go together within a group.
    """

    slopes: np.ndarray
    x: np.ndarray
    rest: np.ndarray
    weights: np.ndarray
    group: np.ndarray

    @property
    def moment(self) -> np.ndarray:
        """x' W x."""
        return self.x.T @ (self.x * self.weights[:, None])

    def standard_errors(self, *, jackknife: bool) -> np.ndarray:
        """Standard errors of the slopes.

        jackknife: leave one group out at a time (CR3; Bell and McCaffrey 2002), which a few groups
        of unequal size need; else the factor G / (G - 1) (CR1).
        """
        size, columns = self.group.max() + 1, self.x.shape[1]
        groups = len(np.unique(self.group))
        weighted = self.x * self.weights[:, None]
        scores = np.zeros((size, columns))
        np.add.at(scores, self.group, weighted * self.rest[:, None])
        if not jackknife:
            inverse = np.linalg.inv(self.moment)
            return np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse) * groups / (groups - 1))
        own = np.zeros((size, columns, columns))
        np.add.at(own, self.group, weighted[:, :, None] * self.x[:, None, :])
        moved = np.einsum("gij,gj->gi", np.linalg.pinv(self.moment - own, hermitian=True), scores)
        return np.sqrt(np.sum(moved**2, axis=0) * (groups - 1) / groups)

    def information(self) -> np.ndarray:
        """Weighted squares of each column by group."""
        sums = np.zeros((self.group.max() + 1, self.x.shape[1]))
        np.add.at(sums, self.group, self.x**2 * self.weights[:, None])
        return sums

    def found(self, used: np.ndarray, kept: np.ndarray, *, jackknife: bool) -> Slopes:
        """Figures of the columns used, at their places among all."""
        values, standard_errors, degrees = (np.full(len(kept), np.nan) for _ in range(3))
        values[used], standard_errors[used] = self.slopes, self.standard_errors(jackknife=jackknife)
        information = self.information()
        degrees[used] = np.sum(information, axis=0) ** 2 / np.sum(information**2, axis=0) - 1
        return Slopes(values, standard_errors, kept, degrees)


def fitted_within(
    outcome: np.ndarray,
    regressors: np.ndarray,
    *,
    group: np.ndarray,
    period: np.ndarray,
    weights: np.ndarray | None = None,
    tolerance: float = TOLERANCE,
) -> Fit | None:
    """Slopes within groups and periods; None where the regressors are collinear."""
    weight = np.ones(len(outcome)) if weights is None else weights
    inside = within_two_ways(
        np.column_stack([outcome, regressors]), group, period, weights=weight, tolerance=tolerance
    )
    y, x = inside[:, 0], inside[:, 1:]
    moment = x.T @ (x * weight[:, None])
    if np.linalg.matrix_rank(moment) < x.shape[1]:
        return None
    slopes = np.linalg.solve(moment, x.T @ (weight * y))
    return Fit(slopes, x, y - x @ slopes, weight, group)


def two_way_slopes(
    outcome: np.ndarray,
    regressors: np.ndarray,
    *,
    group: np.ndarray,
    period: np.ndarray,
    jackknife: bool = False,
) -> Slopes | None:
    """Slopes of the outcome on the regressors within group and period.

    None where the first regressor does not vary within groups and periods, there is one group only,
    or there are no more rows than groups and periods.
    """
    used, kept = usable_regressors(regressors, group, period)
    if not fits(used, group, period):
        return None
    fit = fitted_within(outcome, regressors[:, used], group=group, period=period)
    return None if fit is None else fit.found(used, kept, jackknife=jackknife)


def two_way_poisson_slopes(
    outcome: np.ndarray,
    regressors: np.ndarray,
    *,
    group: np.ndarray,
    period: np.ndarray,
    jackknife: bool = False,
) -> Slopes | None:
    """Slopes of the logarithm of an expected count, zeros among them, within group and period.

    None as in `two_way_slopes`, or where the fit does not settle.

    Source: Poisson pseudo-maximum likelihood with two absorbed effects (Santos Silva and Tenreyro
    2006; Correia, Guimaraes and Zylkin 2020), standard errors clustered by group.
    """
    # a group or period without any case says nothing of the others
    alive = np.ones(len(outcome), bool)
    while True:
        has_cases = (np.bincount(group, outcome * alive) > 0)[group]
        has_cases &= (np.bincount(period, outcome * alive) > 0)[period]
        if (alive == (alive & has_cases)).all():
            break
        alive &= has_cases
    y, x = outcome[alive], regressors[alive]
    group, period = (np.unique(codes[alive], return_inverse=True)[1] for codes in (group, period))
    used, kept = usable_regressors(x, group, period)
    if not fits(used, group, period):
        return None
    x = x[:, used]
    mean = (y + y.mean()) / 2
    expected = np.log(mean)
    slopes = np.zeros(len(used))
    for _ in range(MOST_STEPS):
        working = expected + (y - mean) / mean
        fit = fitted_within(working, x, group=group, period=period, weights=mean, tolerance=1e-9)
        if fit is None:
            return None
        before, slopes = slopes, fit.slopes
        expected = working - fit.rest
        mean = np.exp(np.clip(expected, -30, 30))
        if np.abs(slopes - before).max() < SETTLED:
            # the scores are those of the counts, x' (y - mean)
            settled = replace(fit, rest=(y - mean) / mean, weights=mean)
            return settled.found(used, kept, jackknife=jackknife)
    return None


def fits(used: np.ndarray, group: np.ndarray, period: np.ndarray) -> bool:
    """Whether the first regressor can be estimated beside the effects of groups and periods."""
    groups, periods = len(np.unique(group)), len(np.unique(period))
    return 0 in used and groups > 1 and len(group) > groups + periods


def shrunk(
    estimates: np.ndarray, errors: np.ndarray, *, towards: float, towards_error: float
) -> tuple[np.ndarray, np.ndarray]:
    """Estimates shrunk towards a common value by how much they differ beyond their errors.

    Parameters
    ----------
    estimates, errors : of each; NaN has nothing of its own and takes the common value.
    towards, towards_error : the common value and its standard error.

    Returns
    -------
    Shrunk estimates and their standard errors: normal-normal, averaged over the spread between them
    with a flat prior on its standard deviation (Gelman 2006). A spread estimated as a point is
    often 0 with few categories, and then all get one value and too short an interval.
    """
    known = np.isfinite(estimates) & (errors > 0)
    own, error = np.where(known, estimates, towards), np.where(known, errors, 1.0)
    widest = max([*np.abs(own - towards)[known], *error[known], towards_error])
    spread = np.linspace(0, 2 * widest, SPREADS)[:, None]
    total = spread**2 + error**2 + towards_error**2
    fit = -0.5 * (np.log(total) + (own - towards) ** 2 / total) * known
    weight = np.exp(fit.sum(axis=1) - fit.sum(axis=1).max())
    weight = (weight / weight.sum())[:, None]
    share = np.where(known, spread**2 / (spread**2 + error**2), 0.0)
    centre = share * own + (1 - share) * towards
    variance = (1 - share) ** 2 * towards_error**2
    variance += np.where(known, share * error**2, spread**2)
    values = np.sum(weight * centre, axis=0)
    variance = np.sum(weight * (variance + centre**2), axis=0) - values**2
    return values, np.sqrt(np.maximum(variance, 0))


def price_elasticities(weeks: pd.DataFrame, *, settings: Mapping[str, float]) -> pd.DataFrame:
    """Elasticity of the shop and of each category.

    Parameters
    ----------
    weeks : one row per product and week: `product_id`, `category`, `week`, `units`, `price` (per
        unit, above 0; NaN without a sale), `promotion_share` (share of the units sold in orders
        with a discount, 0 to 1), and where the shop records its prices `posted_price`.
        `cheaper_by_quantity`, where it is known, is 1 in weeks in which the largest quantity sold
        was cheaper per unit than the smallest, -1 where it was dearer, else 0.
    settings : `minimum_rows`, `minimum_products`, `minimum_price_moves`,
        `minimum_variation_kept`, `maximum_quantity_prices`, `interval_z`.

    Returns
    -------
    One row per level and category: ELASTICITY_COLUMNS. `own_elasticity` is from the rows of the
    category alone; `elasticity` is shrunk towards that of the shop. Status
    `insufficient_data`, `no_price_change`, `only_with_season` (prices moved with the weeks or the
    promotions only), `quantity_prices` (what a week's price was went by how much was sold), else
    `ok`; without it there is no elasticity.
    """
    rows = []
    if len(weeks):
        weeks = weeks.sort_values(["product_id", "week"], ignore_index=True)
        rows.append({"level": "shop", "category": "all"} | fitted(weeks, settings=settings))
        for category, own in weeks.groupby("category", dropna=False, sort=True):
            rows.append(
                {"level": "category", "category": category} | fitted(own, settings=settings)
            )
    # an error as wide as its interval asks for: few products that matter make it wider
    frame = pd.DataFrame(rows, columns=[*ELASTICITY_COLUMNS, "own_width"])
    if frame.empty:
        return frame[ELASTICITY_COLUMNS]
    shop = frame.iloc[0]
    is_category = frame["level"] == "category"
    if shop["status"] == "ok":
        values, errors = shrunk(
            frame.loc[is_category, "own_elasticity"].to_numpy(float),
            frame.loc[is_category, "own_width"].to_numpy(float),
            towards=shop["own_elasticity"],
            towards_error=shop["own_width"],
        )
        frame.loc[is_category, "elasticity"] = values
        frame.loc[is_category, "error"] = errors
        frame.loc[0, ["elasticity", "error"]] = shop["own_elasticity"], shop["own_width"]
    else:
        frame["error"] = frame["own_width"]
        frame["elasticity"] = frame["own_elasticity"]
    # what has no figures of its own shows none, not the shop's
    frame.loc[frame["status"] != "ok", ["elasticity", "error"]] = np.nan
    z = settings["interval_z"]
    frame["elasticity_lower"] = frame["elasticity"] - z * frame["error"]
    frame["elasticity_upper"] = frame["elasticity"] + z * frame["error"]
    return frame[ELASTICITY_COLUMNS]


@dataclass(frozen=True)
class Panel:
    """Product weeks of which all that were offered are known (`has_zeros`), or the sold ones only.

    Where own prices are recorded, weeks without a sale count too: left out, a product that sells
    once in a while would seem to sell as well at any price.
    """

    weeks: pd.DataFrame
    price: np.ndarray
    has_zeros: bool

    @property
    def product(self) -> np.ndarray:
        """Codes of products."""
        return pd.factorize(self.weeks["product_id"])[0]

    @property
    def week(self) -> np.ndarray:
        """Codes of weeks."""
        return pd.factorize(self.weeks["week"])[0]

    def moves(self) -> int:
        """Times that a product's price changed by more than a rounding from week to week."""
        log_price, product = np.log(self.price), self.product
        is_same = np.diff(product, prepend=-1) == 0
        return int(
            np.sum(is_same & (np.abs(np.diff(log_price, prepend=log_price[:1])) > LEAST_MOVE))
        )

    def slopes(self, regressors: np.ndarray) -> Slopes | None:
        """Slopes of log units (of the log of expected units) within product and week."""
        units = self.weeks["units"].to_numpy(float)
        if self.has_zeros:
            return two_way_poisson_slopes(
                units, regressors, group=self.product, period=self.week, jackknife=True
            )
        return two_way_slopes(
            np.log(units), regressors, group=self.product, period=self.week, jackknife=True
        )


def panel(weeks: pd.DataFrame, *, settings: Mapping[str, float]) -> Panel:
    """The weeks of recorded prices where there are enough of them, else those with a sale."""
    if "posted_price" in weeks:
        posted = weeks[weeks["posted_price"] > 0]
        if (
            len(posted) >= settings["minimum_rows"]
            and posted["product_id"].nunique() >= settings["minimum_products"]
        ):
            return Panel(posted, posted["posted_price"].to_numpy(float), has_zeros=True)
    sold = weeks[(weeks["units"] > 0) & (weeks["price"] > 0)]
    return Panel(sold, sold["price"].to_numpy(float), has_zeros=False)


def goes_by_quantity(rows: Panel, *, settings: Mapping[str, float]) -> bool:
    """Whether prices depend on the quantity: the week's price then follows from what was sold."""
    if rows.has_zeros or "cheaper_by_quantity" not in rows.weeks:
        return False
    signs = rows.weeks["cheaper_by_quantity"].dropna().to_numpy(float)
    if len(signs) < settings["minimum_rows"]:
        return False
    return bool(signs.mean() > settings["maximum_quantity_prices"])


def fitted(weeks: pd.DataFrame, *, settings: Mapping[str, float]) -> dict[str, object]:
    """Elasticity of some product weeks, or why there is none."""
    rows = panel(weeks, settings=settings)
    row = {
        "row_count": len(rows.weeks),
        "product_count": int(rows.weeks["product_id"].nunique()),
        "price_moves": rows.moves(),
    }
    if row["row_count"] < settings["minimum_rows"]:
        return row | {"status": "insufficient_data"}
    if row["product_count"] < settings["minimum_products"]:
        return row | {"status": "insufficient_data"}
    if row["price_moves"] < settings["minimum_price_moves"]:
        return row | {"status": "no_price_change"}
    if goes_by_quantity(rows, settings=settings):
        return row | {"status": "quantity_prices"}
    regressors = np.log(rows.price)[:, None]
    if not rows.has_zeros:
        # known of weeks with a sale only: beside weeks without one it would stand for the sale
        regressors = np.column_stack([regressors, rows.weeks["promotion_share"].to_numpy(float)])
    _, kept = usable_regressors(regressors, rows.product, rows.week)
    row |= {"price_variation_kept": float(kept[0])}
    if kept[0] < settings["minimum_variation_kept"]:
        return row | {"status": "only_with_season"}
    found = rows.slopes(regressors)
    if found is None:
        return row | {"status": "insufficient_data"}
    return row | {
        "status": "ok",
        "method": "Poisson two-way within, shrunk" if rows.has_zeros else "two-way within, shrunk",
        "own_elasticity": found.values[0],
        "own_standard_error": found.standard_errors[0],
        "own_width": found.half_widths(settings["interval_z"])[0] / settings["interval_z"],
        "promotion_effect": np.nan if rows.has_zeros else found.values[1],
    }
