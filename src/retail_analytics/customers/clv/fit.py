"""Fitting the purchase models to grouped histories, and the table that reports the fits."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from retail_analytics.customers.clv.baselines import MEAN_RATE, OWN_RATE, mean_rate_parameters
from retail_analytics.customers.clv.beta_geometric import BG_NBD, MBG_NBD
from retail_analytics.customers.clv.checks import Array
from retail_analytics.customers.clv.grouping import coarsen, group_values
from retail_analytics.customers.clv.maximise import Objective, best_of, log_covariance, refine
from retail_analytics.customers.clv.pareto_nbd import PARETO_NBD
from retail_analytics.customers.clv.purchase_model import PurchaseModel

MODELS: dict[str, PurchaseModel] = {m.name: m for m in (BG_NBD, MBG_NBD, PARETO_NBD)}
BASELINES: dict[str, PurchaseModel] = {m.name: m for m in (OWN_RATE, MEAN_RATE)}

OK, SHORT_HISTORY, INSUFFICIENT_DATA = "ok", "short_history", "insufficient_data"
# A fit that found no maximum, and values of a model that is not the first choice for that reason.
NOT_CONVERGED, SECOND_CHOICE = "not_converged", "second_choice"
# Where more than this share of new customers would still be customers after a year.
NOBODY_LEAVES, STAYING_SHARE = "nobody leaves", 0.98
# Four parameters: fewer customers or fewer of them with a repeat purchase say nothing about them.
MIN_CUSTOMERS = 30
MIN_REPEATERS = 10
DAYS_PER_WEEK = 7.0
DAYS_PER_YEAR = 365.25
# A log parameter known this well may as well be known exactly.
NEGLIGIBLE_SD = 0.005


@dataclass(frozen=True)
class Fit:
    """A fitted model; `log_covariance` is that of the log parameters, in their order."""

    model: str
    status: str
    parameters: Mapping[str, float]
    log_covariance: Array
    log_likelihood: float
    iterations: int
    is_converged: bool
    customer_count: int
    time_unit_days: float | None = DAYS_PER_WEEK
    longest_age_days: float | None = None
    spend_frequency_correlation: float | None = None

    @property
    def array(self) -> Array:
        """Parameter values in the model's order."""
        return np.array(list(self.parameters.values()))

    def cubature(self) -> Array:
        """Equally likely parameter values, points x parameters, that stand for the uncertainty.

        The spherical-radial rule of third degree has the mean and covariance of the normal
        approximation to the log parameters (Arasaratnam and Haykin 2009, IEEE TAC 54(6)): two
        points in each direction, here each that is uncertain by more than NEGLIGIBLE_SD.
        """
        variances, directions = np.linalg.eigh(self.log_covariance)
        kept = variances > NEGLIGIBLE_SD**2
        if not kept.any():
            return self.array[None, :]
        spread = (directions[:, kept] * np.sqrt(variances[kept] * kept.sum())).T
        return self.array * np.exp(np.vstack([spread, -spread]))


def no_fit(*, model: str, customer_count: int, time_unit_days: float | None = None) -> Fit:
    """The row of a model that the data cannot support."""
    return Fit(
        model=model,
        status=INSUFFICIENT_DATA,
        parameters={},
        log_covariance=np.empty((0, 0)),
        log_likelihood=float("nan"),
        iterations=0,
        is_converged=False,
        customer_count=customer_count,
        time_unit_days=time_unit_days,
    )


def is_sufficient(values: Mapping[str, Array]) -> bool:
    """Whether histories can identify a purchase model: enough customers, repeaters, variety."""
    count = values["customer_count"]
    repeaters = values["frequency"] > 0
    varied = len(np.unique(values["frequency"])) > 1 and len(count) > 2
    return bool(count.sum() >= MIN_CUSTOMERS and count[repeaters].sum() >= MIN_REPEATERS and varied)


def fit_purchase_model(
    groups: pd.DataFrame, *, model: str, time_unit_days: float = DAYS_PER_WEEK
) -> Fit:
    """Fit one model by maximum likelihood to grouped histories (`grouping.group_histories`).

    Parameters and log likelihood are in units of `time_unit_days`. The starts compete on a coarse
    grouping; the best goes on with a finer one and then with all groups. Baselines are fitted by
    moments.
    """
    values = group_values(groups, time_unit_days=time_unit_days)
    count = values["customer_count"]
    customers = int(count.sum())
    if not is_sufficient(values):
        return no_fit(model=model, customer_count=customers, time_unit_days=time_unit_days)
    if model in BASELINES:
        return _fit_baseline(model, values, time_unit_days)

    chosen = MODELS[model]
    # In units of the mean age the starts and bounds fit any data.
    unit = float(np.average(values["age"], weights=count))
    scaled = {**values, "recency": values["recency"] / unit, "age": values["age"] / unit}
    rate = float((values["frequency"] @ count) / customers)
    starts = [np.log(start) for start in chosen.starts(rate=rate)]
    optimum = best_of(_objective(chosen, scaled, resolution=0.3), starts=starts)
    for resolution in (0.1, 0.0):
        optimum = refine(_objective(chosen, scaled, resolution=resolution), rough=optimum)

    parameters = dict(zip(chosen.parameter_names, np.exp(optimum.log_parameters), strict=True))
    for name in chosen.time_parameters:
        if name in parameters:
            parameters[name] *= unit
    return Fit(
        model=model,
        status=OK if optimum.is_converged else NOT_CONVERGED,
        parameters={name: float(value) for name, value in parameters.items()},
        log_covariance=log_covariance(optimum.information),
        # A density per mean age becomes one per time unit.
        log_likelihood=optimum.log_likelihood - float(values["frequency"] @ count) * np.log(unit),
        iterations=optimum.iterations,
        is_converged=optimum.is_converged,
        customer_count=customers,
        time_unit_days=time_unit_days,
        longest_age_days=float(values["age"].max() * time_unit_days),
    )


def _objective(
    model: PurchaseModel, values: Mapping[str, Array], *, resolution: float
) -> Objective:
    histories = coarsen(values, resolution=resolution) if resolution > 0 else dict(values)
    count = histories.pop("customer_count")

    def objective(log_parameters: Array) -> tuple[float, Array]:
        value, score = model.log_likelihood(np.exp(log_parameters), **histories)
        return float(value @ count), count @ score

    return objective


def _fit_baseline(model: str, values: Mapping[str, Array], time_unit_days: float) -> Fit:
    parameters = mean_rate_parameters(**{k: v for k, v in values.items() if k != "recency"})
    return Fit(
        model=model,
        status=OK,
        parameters=parameters,
        log_covariance=np.zeros((len(parameters), len(parameters))),
        log_likelihood=float("nan"),
        iterations=0,
        is_converged=True,
        customer_count=int(values["customer_count"].sum()),
        time_unit_days=time_unit_days,
        longest_age_days=float(values["age"].max() * time_unit_days),
    )


def model_fits(fits: Sequence[Fit]) -> pd.DataFrame:
    """The table `model_fits`: one row a fit, parameters and log covariance as JSON text."""
    rows = [
        {
            "model": fit.model,
            "status": fit.status,
            "parameters": json.dumps(dict(fit.parameters)),
            "log_covariance": json.dumps(fit.log_covariance.tolist()),
            "log_likelihood": fit.log_likelihood,
            "iterations": fit.iterations,
            "is_converged": fit.is_converged,
            "customer_count": fit.customer_count,
            "time_unit_days": fit.time_unit_days,
            "longest_age_days": fit.longest_age_days,
            "spend_frequency_correlation": fit.spend_frequency_correlation,
            "finding": finding(fit),
        }
        for fit in fits
    ]
    return pd.DataFrame(rows, columns=list(_TABLE_TYPES)).astype(_TABLE_TYPES)


_FIT_TYPES = {
    "model": "object",
    "status": "object",
    "parameters": "object",
    "log_covariance": "object",
    "log_likelihood": "float64",
    "iterations": "int64",
    "is_converged": "bool",
    "customer_count": "int64",
    "time_unit_days": "float64",
    "longest_age_days": "float64",
    "spend_frequency_correlation": "float64",
}
_TABLE_TYPES = {**_FIT_TYPES, "finding": "object"}


def finding(fit: Fit) -> str | None:
    """What the parameters say of all customers, where they say something out of the ordinary."""
    if fit.model not in MODELS or not fit.parameters:
        return None
    zero, year = np.zeros(1), np.full(1, DAYS_PER_YEAR / fit.time_unit_days)
    # the first purchase over, and one more: at purchases customers of some models leave
    stays = MODELS[fit.model].survival(fit.array, ahead=year, frequency=zero + 1, age=zero)
    return NOBODY_LEAVES if stays[0] > STAYING_SHARE else None


def read_fit(table: pd.DataFrame, *, model: str) -> Fit:
    """The fit of one model out of a `model_fits` table."""
    rows = table.loc[table["model"] == model]
    if len(rows) != 1:
        raise ValueError(f"model: {len(rows)} rows of {model}, one is needed")
    row = rows.iloc[0].to_dict()
    covariance = np.array(json.loads(row["log_covariance"]), dtype=float)
    parameters = json.loads(row["parameters"])
    row |= {
        "parameters": parameters,
        "log_covariance": covariance.reshape(len(parameters), len(parameters)),
        "iterations": int(row["iterations"]),
        "is_converged": bool(row["is_converged"]),
        "customer_count": int(row["customer_count"]),
    }
    return Fit(**{name: row[name] for name in _FIT_TYPES})
