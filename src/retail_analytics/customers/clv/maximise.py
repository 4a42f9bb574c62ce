"""Maximum likelihood over log parameters, from several starts, with a report of convergence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from retail_analytics.customers.clv.checks import Array

# Log parameters stay within this distance of 0. Data are scaled to mean 1 before a fit, so a
# parameter at a bound says that the data cannot tell it from 0 or from infinity.
LOG_BOUND = 7.0
# Converged: by the curvature, less than this is left to gain in log likelihood.
TOLERANCE = 1e-4
# A ridge along which no more than this is left to gain is flat: whatever point of it is taken, the
# data are as likely, and so is what follows from it.
FLAT_TOLERANCE = 0.05
NEWTON_STEPS = 20
STEP = 1e-4

# Log parameters in, log likelihood and its gradient by them out.
Objective = Callable[[Array], tuple[float, Array]]


@dataclass(frozen=True)
class Optimum:
    """Log parameters at the maximum, the information there, and how it was reached."""

    log_parameters: Array
    log_likelihood: float
    information: Array
    iterations: int
    is_converged: bool


def best_of(objective: Objective, *, starts: Sequence[Array]) -> Optimum:
    """The best optimum of several starts; the earlier start wins a tie."""
    found = [maximise(objective, start=start) for start in starts]
    return max(found, key=lambda optimum: optimum.log_likelihood)


def maximise(objective: Objective, *, start: Array) -> Optimum:
    """The maximum near one start: a quasi-Newton search, finished by Newton steps."""
    scale = max(abs(objective(start)[0]), 1.0)

    def descent(log_parameters: Array) -> tuple[float, Array]:
        value, gradient = objective(log_parameters)
        return -value / scale, -gradient / scale

    search = minimize(
        descent,
        np.clip(start, -LOG_BOUND, LOG_BOUND),
        jac=True,
        bounds=[(-LOG_BOUND, LOG_BOUND)] * len(start),
        method="L-BFGS-B",
        options={"maxiter": 300, "ftol": 1e-11, "gtol": 1e-8},
    )
    return _climb(objective, search.x, _information(objective, search.x), int(search.nit))


def refine(objective: Objective, *, rough: Optimum) -> Optimum:
    """The maximum near that of a similar objective, whose curvature serves for the steps."""
    refined = _climb(objective, rough.log_parameters, rough.information, rough.iterations)
    return refined if refined.is_converged else maximise(objective, start=rough.log_parameters)


def log_covariance(information: Array) -> Array:
    """Covariance of the log parameters, with a unit normal prior around the estimate.

    The prior bounds the uncertainty in a direction of which the data say nothing to a factor e
    (one standard deviation), and does nothing where they say something.
    """
    eigenvalues, vectors = np.linalg.eigh((information + information.T) / 2)
    return (vectors / (np.maximum(eigenvalues, 0.0) + 1.0)) @ vectors.T


def _climb(objective: Objective, point: Array, information: Array, iterations: int) -> Optimum:
    """Newton steps, the curvature renewed where it stops helping, until nothing is to be gained."""
    value, gradient = objective(point)
    is_fresh = False
    for _ in range(NEWTON_STEPS):
        step = _newton_step(point, gradient, information)
        moved = np.clip(point + step, -LOG_BOUND, LOG_BOUND)
        moved_value, moved_gradient = objective(moved)
        if moved_value > value:
            point, value, gradient = moved, moved_value, moved_gradient
            iterations += 1
            is_fresh = False
        elif is_fresh:
            break
        if gradient @ step / 2 < TOLERANCE / 100 or moved_value <= value:
            information = _information(objective, point)
            is_fresh = True
            if gradient @ _newton_step(point, gradient, information) / 2 < TOLERANCE / 100:
                break
    gain = gradient @ _newton_step(point, gradient, information) / 2
    if not is_fresh:
        information = _information(objective, point)
        gain = gradient @ _newton_step(point, gradient, information) / 2
    return Optimum(point, value, information, iterations, bool(gain < FLAT_TOLERANCE))


def _information(objective: Objective, point: Array) -> Array:
    """Minus the second derivatives, by central differences of the gradient."""
    changes = [
        objective(point + direction)[1] - objective(point - direction)[1]
        for direction in np.eye(len(point)) * STEP
    ]
    return -np.column_stack(changes) / (2 * STEP)


def _newton_step(point: Array, gradient: Array, information: Array) -> Array:
    """The step to the maximum of the local parabola, within the bounds."""
    free = ~((np.abs(point) >= LOG_BOUND) & (gradient * point > 0))
    step = np.zeros_like(point)
    if free.any():
        block = information[np.ix_(free, free)]
        eigenvalues, vectors = np.linalg.eigh((block + block.T) / 2)
        # Where the parabola is flat or opens upwards, along the gradient.
        curvature = np.maximum(np.abs(eigenvalues), 1e-3)
        step[free] = vectors @ ((vectors.T @ gradient[free]) / curvature)
    return np.clip(step, -1.0, 1.0)
