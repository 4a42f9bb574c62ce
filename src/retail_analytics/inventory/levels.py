"""Inventory levels and their backtest: the rows of a chunk of products, and all chunks in turn."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from retail_analytics.inventory.backtest import METHODS, MIN_ORIGINS, choose_method
from retail_analytics.inventory.bulk_orders import bulk_days, usual_demand
from retail_analytics.inventory.demand_classes import demand_classes
from retail_analytics.inventory.demand_matrix import check_columns, checked_amounts, demand_matrix
from retail_analytics.inventory.fit import (
    FEW_DEMAND_DAYS,
    MIN_DEMAND_DAYS,
    MIN_HISTORY_DAYS,
    Fit,
    fit_interval,
)
from retail_analytics.inventory.policy import abc_classes, days_of_cover, order_now, stock_levels
from retail_analytics.inventory.replay import held_out_replay
from retail_analytics.inventory.season_use import (
    NO_SEASON,
    Season,
    plain_forecasts,
    seasonal_forecasts,
    shop_season,
)
from retail_analytics.inventory.settings import (
    ArticleParameters,
    InventorySettings,
    product_parameters,
)
from retail_analytics.inventory.streams import product_keys

CHUNK = 1000
DRAWS = 1000
# The method of what no longer sells.
STOPPED = "stopped"
REPLAY_DRAWS = 400
# Days of the times that sales are told for, and units per year below which there are none to tell.
PERIODS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
LEAST_UNITS_TOLD = 0.1
# Products, spread over all, on which it is tried whether the season is of use.
SEASON_ARTICLES = 1000

LEVEL_COLUMNS = (
    "product_id",
    "as_of_date",
    "revenue",
    "abc_class",
    "demand_class",
    "history_days",
    "demand_days",
    "adi",
    "cv2",
    "mean_daily_demand",
    "sd_daily_demand",
    "forecast_daily_demand",
    "season_index",
    "is_seasonal",
    "method",
    "distribution",
    "backtest_loss",
    "baseline_loss",
    "backtest_origins",
    "review_period_days",
    "lead_time_days",
    "lead_time_sd_days",
    "lead_time_source",
    "service_target",
    "service_source",
    "safety_stock_units",
    "reorder_point_units",
    "order_up_to_units",
    "on_hand_units",
    "on_order_units",
    "days_of_cover",
    "order_now_units",
    "service_achieved",
    "service_achieved_lower",
    "service_achieved_upper",
    "service_cycles",
    "fill_rate_achieved",
    "status",
    "reason",
)
BACKTEST_COLUMNS = (
    "product_id",
    "rule",
    "as_of_date",
    "service_target",
    "cycles",
    "cycle_service",
    "cycle_service_lower",
    "cycle_service_upper",
    "fill_rate",
    "average_on_hand_units",
    "average_short_units",
    "holding_cost",
    "orders",
    "days",
)


@dataclass(frozen=True)
class Inventory:
    """`levels` has a row per product (LEVEL_COLUMNS), `backtest` one per product and rule."""

    levels: pd.DataFrame
    backtest: pd.DataFrame


def inventory_chunk(
    demand: np.ndarray,
    articles: pd.DataFrame,
    *,
    as_of_date: date,
    settings: InventorySettings,
    seed: int,
    season: Season = NO_SEASON,
) -> Inventory:
    """Levels and backtest of a chunk of products.

    `demand` is units by product and day (products, days), the last day being `as_of_date`;
    `articles` has a row for each row of it: product_id and any of the columns that
    `product_parameters` reads, with `revenue` and `abc_class` where known. Rows depend on no other
    product but through `season`, which is the whole shop's. Below 28
    days since the first sale, or below two days with demand, the status is `insufficient_data` and
    the levels are missing; too little for choosing a method by backtest is `short_history`.
    Raises ValueError naming the column.
    """
    if "product_id" not in articles.columns:
        raise ValueError("product_id: missing from the articles frame")
    if len(articles) != len(demand):
        raise ValueError("product_id: articles and demand differ in their number of rows")
    if articles["product_id"].isna().any() or articles["product_id"].duplicated().any():
        raise ValueError("product_id: missing or listed twice")
    if not len(articles):
        return Inventory(
            pd.DataFrame(columns=list(LEVEL_COLUMNS)), pd.DataFrame(columns=list(BACKTEST_COLUMNS))
        )
    if demand.shape[1] < MIN_HISTORY_DAYS:
        raise ValueError(f"units: fewer than {MIN_HISTORY_DAYS} days of history")
    demand = checked_amounts(demand, column="units")
    parameters = product_parameters(articles, settings=settings)
    keys = product_keys(articles["product_id"].tolist(), seed=seed)
    classes = demand_classes(demand)
    # What is bulk is known from all days: a replay does not wait for the first one to happen.
    bulk = bulk_days(demand)
    usual = usual_demand(demand, bulk)
    plain = seasonal = plain_forecasts(usual, parameters=parameters, keys=keys)
    if season.used:
        seasonal = seasonal_forecasts(usual, plain, season=season, parameters=parameters)
    paths = plain[0]
    # Of what brings next to nothing, nothing need be there.
    is_kept = (
        articles["abc_class"].isin(["A", "B"]).to_numpy()
        if "abc_class" in articles.columns
        else np.zeros(len(articles), dtype=bool)
    )
    last = len(paths.week_end) - 1

    def fit(week: int, *, draws: int = REPLAY_DRAWS) -> Fit:
        return fit_interval(
            usual[:, : paths.week_end[week]],
            choice=choose_method(*(seasonal if week in season.used else plain), week=week),
            parameters=parameters,
            keys=keys,
            draws=draws,
            is_kept=is_kept,
            # Of earlier days it is not known when the shelf was empty.
            in_stock_share=parameters.in_stock_share if week == last else np.ones(len(demand)),
        )

    fitted = fit(last, draws=DRAWS)
    replay = held_out_replay(
        demand,
        paths=paths,
        parameters=parameters,
        keys=keys,
        fit=fit,
        index=season.index,
    )
    levels = _level_rows(
        articles.reset_index(drop=True),
        classes=classes,
        parameters=parameters,
        fitted=fitted,
        own=replay[replay["rule"] == "model"].reset_index(drop=True),
        silent_days=(demand[:, ::-1] > 0).argmax(axis=1),
        bulk_units=np.where(bulk, demand, 0.0),
        as_of_date=as_of_date,
        is_seasonal=last in season.used,
        is_season_known=last in season.indices,
    )
    times = len(replay) // len(articles)
    backtest = replay.assign(
        product_id=np.tile(articles["product_id"].to_numpy(), times),
        service_target=np.tile(parameters.service_target, times),
        as_of_date=as_of_date,
    ).sort_values(["product_id", "rule"])
    return Inventory(
        levels[list(LEVEL_COLUMNS)], backtest[list(BACKTEST_COLUMNS)].reset_index(drop=True)
    )


def inventory_chunks(
    articles: pd.DataFrame,
    read_demand: Callable[[Sequence[str]], pd.DataFrame],
    sold: pd.DataFrame,
    *,
    as_of_date: date,
    history_days: int,
    settings: InventorySettings,
    seed: int,
    chunk: int = CHUNK,
) -> Iterator[Inventory]:
    """`inventory_chunk` for all of `articles`, sorted by product_id, `chunk` at a time.

    `read_demand(product_ids)` returns the demand frame (product_id, demanded_on, units) of those
    products, `sold` is the demand of all by day (demanded_on, units), for the season. With a
    `revenue` column, products get their ABC class among all of them first.
    """
    if "product_id" not in articles.columns:
        raise ValueError("product_id: missing from the articles frame")
    if articles["product_id"].isna().any() or articles["product_id"].duplicated().any():
        raise ValueError("product_id: missing or listed twice")
    ordered = articles.sort_values("product_id").reset_index(drop=True)
    if "revenue" in ordered.columns:
        ordered["abc_class"] = abc_classes(ordered).where(ordered["revenue"].notna(), None)

    def matrix(part: pd.DataFrame) -> np.ndarray:
        ids = part["product_id"].tolist()
        return demand_matrix(
            read_demand(ids), product_ids=ids, as_of_date=as_of_date, days=history_days
        )

    some = ordered.iloc[:: max(-(-len(ordered) // SEASON_ARTICLES), 1)]
    season = shop_season(
        demand_matrix(
            sold.assign(product_id=""), product_ids=[""], as_of_date=as_of_date, days=history_days
        )[0],
        matrix(some),
        some,
        settings=settings,
        seed=seed,
    )
    for start in range(0, max(len(ordered), 1), chunk):
        part = ordered.iloc[start : start + chunk]
        yield inventory_chunk(
            matrix(part), part, as_of_date=as_of_date, settings=settings, seed=seed, season=season
        )


def inventory(
    demand: pd.DataFrame,
    articles: pd.DataFrame,
    *,
    as_of_date: date,
    history_days: int,
    settings: InventorySettings,
    seed: int,
) -> Inventory:
    """`inventory_chunks` for a demand frame that fits in memory, as one pair of frames."""
    check_columns(demand)
    unknown = set(demand["product_id"].unique()) - set(articles["product_id"])
    if unknown:
        raise ValueError(f"product_id: demand of unknown article {min(unknown)!r}")
    ordered = demand.sort_values("product_id")
    of_row = ordered["product_id"].to_numpy()

    def read(ids: Sequence[str]) -> pd.DataFrame:
        # Chunks come in the order of product_id, so the demand of one lies in one piece.
        first, last = (ids[0], ids[-1]) if ids else ("", "")
        piece = ordered.iloc[
            np.searchsorted(of_row, first) : np.searchsorted(of_row, last, side="right")
        ]
        return piece[piece["product_id"].isin(ids)]

    parts = list(
        inventory_chunks(
            articles,
            read,
            demand[["demanded_on", "units"]],
            as_of_date=as_of_date,
            history_days=history_days,
            settings=settings,
            seed=seed,
        )
    )
    return Inventory(
        pd.concat([part.levels for part in parts], ignore_index=True),
        pd.concat([part.backtest for part in parts], ignore_index=True),
    )


def _level_rows(
    articles: pd.DataFrame,
    *,
    classes: pd.DataFrame,
    parameters: ArticleParameters,
    fitted: Fit,
    own: pd.DataFrame,
    silent_days: np.ndarray,
    bulk_units: np.ndarray,
    as_of_date: date,
    is_seasonal: bool,
    is_season_known: bool,
) -> pd.DataFrame:
    choice = fitted.choice
    usable = (classes["history_periods"] >= MIN_HISTORY_DAYS) & (
        classes["demand_periods"] >= MIN_DEMAND_DAYS
    )
    status = np.select(
        [~usable, choice.origins < MIN_ORIGINS],
        ["insufficient_data", "short_history"],
        default="ok",
    )
    levels = stock_levels(
        fitted.quantile, mean=fitted.mean, order_quantity=fitted.order_quantity
    ).where(usable)
    rate = pd.Series(choice.rate).where(usable)
    rows = pd.DataFrame(
        {
            "product_id": articles["product_id"],
            "revenue": articles["revenue"] if "revenue" in articles.columns else np.nan,
            "abc_class": articles["abc_class"] if "abc_class" in articles.columns else None,
            "demand_class": classes["demand_class"],
            "history_days": classes["history_periods"],
            "demand_days": classes["demand_periods"],
            "adi": classes["adi"],
            "cv2": classes["cv2"],
            "mean_daily_demand": classes["mean_demand"],
            "sd_daily_demand": classes["sd_demand"],
            "forecast_daily_demand": rate,
            "season_index": pd.Series(choice.season).where(usable & is_seasonal),
            "is_seasonal": is_seasonal & usable,
            "method": pd.Series(
                np.where(
                    fitted.has_stopped, STOPPED, np.array(METHODS, dtype=object)[choice.method]
                )
            ).where(usable, None),
            "distribution": pd.Series(fitted.distribution, dtype=object).where(usable, None),
            "backtest_loss": pd.Series(choice.loss).where(usable),
            "baseline_loss": pd.Series(choice.flat_loss).where(usable),
            "backtest_origins": choice.origins,
            "review_period_days": parameters.review_period_days.astype(int),
            "lead_time_days": parameters.lead_time_days,
            "lead_time_sd_days": parameters.lead_time_sd_days,
            "lead_time_source": parameters.lead_time_source,
            "service_target": parameters.service_target,
            "service_source": parameters.service_source,
            **levels,
            "on_hand_units": parameters.on_hand,
            "on_order_units": np.where(np.isnan(parameters.on_hand), np.nan, parameters.on_order),
            "days_of_cover": days_of_cover(
                on_hand=parameters.on_hand,
                # At the demand of what has stopped, stock would last longer than the world.
                mean_daily=rate.fillna(0.0).where(~fitted.has_stopped, 0.0).to_numpy(),
            ),
            "order_now_units": order_now(
                on_hand=parameters.on_hand,
                on_order=parameters.on_order,
                reorder_point=levels["reorder_point_units"].to_numpy(),
                order_up_to=levels["order_up_to_units"].to_numpy(),
            ),
            "service_achieved": own["cycle_service"],
            "service_achieved_lower": own["cycle_service_lower"],
            "service_achieved_upper": own["cycle_service_upper"],
            "service_cycles": own["cycles"],
            "fill_rate_achieved": own["fill_rate"],
            "status": status,
        }
    )
    unusable_counts = (
        articles["is_count_unusable"].fillna(False)
        if "is_count_unusable" in articles.columns
        else np.zeros(len(articles), dtype=bool)
    )
    # What the stock for the others can serve needs no word.
    left_out_texts = _left_out(
        np.where(bulk_units > rows["order_up_to_units"].to_numpy()[:, None], bulk_units, 0.0),
        as_of_date=as_of_date,
    )
    return rows.assign(
        as_of_date=as_of_date,
        reason=[
            _reason(
                row,
                silent_days=silent,
                is_count_unusable=unusable,
                is_season_known=is_season_known,
            )
            + left_out
            for row, silent, unusable, left_out in zip(
                rows.itertuples(index=False),
                silent_days,
                unusable_counts,
                left_out_texts,
                strict=True,
            )
        ],
    )


def _left_out(bulk_units: np.ndarray, *, as_of_date: date) -> list[str]:
    """A sentence on each product's bulk orders (products, days), empty where there are none."""
    found: list[list[str]] = [[] for _ in bulk_units]
    for row, day in zip(*np.nonzero(bulk_units), strict=True):
        on = as_of_date - timedelta(days=bulk_units.shape[1] - 1 - int(day))
        found[row].append(f"{_units(bulk_units[row, day])} on {on}")
    return [
        f" Left out: {' and '.join(own)}, far more than on other days; better bought when ordered."
        if own
        else ""
        for own in found
    ]


def _reason(row: tuple, *, silent_days: int, is_count_unusable: bool, is_season_known: bool) -> str:
    """One sentence on why the row says what it says."""
    if row.status == "insufficient_data":
        if row.demand_days == 0:
            return "No demand on record, so no level can be set."
        return (
            f"Only {_days(row.demand_days)} with demand in {_days(row.history_days)} since the "
            "first sale: too little to set a level."
        )
    if row.method == STOPPED:
        stopped = (
            f"Not sold for {_days(silent_days)}, which is longer than its sales before explain: "
            "taken as no longer selling, nothing to order"
        )
        if np.isnan(row.on_hand_units):
            return f"{stopped}; without a recent stock count, an empty shelf would look the same."
        return f"{stopped}."
    demand = f"{row.demand_class.capitalize()} demand{told_rate(row.forecast_daily_demand)}"
    if row.reorder_point_units > 0:
        until = f"a review every {_days(row.review_period_days)}"
        if row.lead_time_days > 0:
            until += f" and {plain_number(row.lead_time_days)} days of delivery"
        level = (
            f"{demand}: {_units(row.reorder_point_units)} in stock or on order last in "
            f"{100 * row.service_target:.3g} % of cases, with {until}"
        )
    else:
        level = f"{demand}, so rarely that it is best bought when ordered: none need be in stock"
    if row.status == "short_history":
        level += f", judging by only {_days(row.history_days)} of history"
    elif row.demand_days <= FEW_DEMAND_DAYS and row.reorder_point_units > 0:
        level += f", judging by only {_days(row.demand_days)} with demand"
    if row.is_seasonal:
        season = f"{100 * row.season_index:.0f} % of a mean day"
        level += f"; in the days ahead the shop usually sells {season}"
    elif not is_season_known:
        level += "; no season is known yet, as sales do not cover two years"
    if is_count_unusable:
        return f"{level}; the newest stock count cannot be read, so what to order is not known."
    if np.isnan(row.order_now_units):
        return f"{level}; without a recent stock count, what to order is not known."
    position = row.on_hand_units + row.on_order_units
    held = f"{level}; {plain_number(position)} in stock or on order"
    if position < 0:
        held = f"{level}; {_units(-position)} sold that are neither there nor on order"
    if row.order_now_units > 0:
        return f"{held}: order {_units(row.order_now_units)}."
    return f"{held}: nothing to order."


def plain_number(value: float) -> str:
    """A number for reading: three significant digits, none behind the point from 100 on."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if value == 0:
        return "0"
    digits = max(2 - int(np.floor(np.log10(abs(value)))), 0)
    return f"{value:.{min(digits, 6)}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def told_rate(daily: float) -> str:
    """Units per day, or of the shortest time in which one is sold: nobody sells .004 a day."""
    per = next((period for period in PERIODS if daily * PERIODS[period] >= 1), "year")
    units = daily * PERIODS[per]
    if units < LEAST_UNITS_TOLD:
        return ", of which hardly any is left"
    told = plain_number(units)
    return f" of {told} unit{'s' * (told != '1')} per {per}"


def _units(count: float) -> str:
    return "1 unit" if count == 1 else f"{plain_number(count)} units"


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
