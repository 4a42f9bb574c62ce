"""Which team, and which agent of it, takes longer for the work it gets.

Times differ by what is asked, how urgent it is and when it comes. The logarithm of a ticket's
minutes is a mean by priority and hour (fixed), plus effects of topic, team and agent (random):
where a team alone answers a topic, only a random topic can tell what both have in common from what
is the team's. Effects are best linear unbiased predictions, the variances by restricted maximum
likelihood (Henderson's mixed model equations; Patterson and Thompson 1971), so that an agent with
few tickets is near to the team and a team without a difference shows none.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, t

COLUMNS = {
    "measure": "object",
    "level": "object",
    "team": "object",
    "agent": "object",
    "ticket_count": "int64",
    "median_minutes": "float64",
    "effect_log": "float64",
    "effect_log_lower": "float64",
    "effect_log_upper": "float64",
    "time_ratio": "float64",
    "time_ratio_lower": "float64",
    "time_ratio_upper": "float64",
    "performance_rank": "Int64",
    "verdict": "object",
    "status": "object",
}
RANDOM = ("topic", "team", "agent")
ROUNDS = 60
CLOSE_ENOUGH = 1e-4
SMALLEST_SHARE = 1e-5


@dataclass(frozen=True)
class MixedFit:
    """Predictions of every random effect with their error covariance, and the variances.

    effects, covariance: in the order of `levels` (kind, name); variances by kind.
    """

    levels: list[tuple[str, str]]
    effects: np.ndarray
    covariance: np.ndarray
    variances: dict[str, float]
    residual_variance: float


def team_effects(
    cells: pd.DataFrame, *, least_tickets: int, most_agents: int, interval_z: float
) -> pd.DataFrame:
    """Effects of teams and agents on the logarithm of their minutes, with intervals.

    Parameters
    ----------
    cells: one row per measure, team, agent, topic, priority and hour block, with ticket_count, the
        sum and sum of squares of log minutes (log_sum, log_squares) and median_minutes (of the
        cell).
    least_tickets: with fewer an agent or team has no effect and no rank (`insufficient_data`).
    most_agents: agents with an effect of their own, those with most tickets; the others are one.
    interval_z: half the width of the interval in standard errors.

    Returns
    -------
    One row per measure and team, and per measure, team and agent: the effect of a team is against
    the mean of all teams, that of an agent against the team. Ranks (1 the fastest) only where
    somebody's interval leaves out 0; verdict `faster`, `slower` or `no_difference`.
    """
    if cells.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    parts = [
        measure_effects(
            part.reset_index(drop=True),
            least_tickets=least_tickets,
            most_agents=most_agents,
            interval_z=interval_z,
        ).assign(measure=measure)
        for measure, part in cells.sort_values(list(cells.columns[:6])).groupby("measure")
    ]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)].astype(COLUMNS)


def measure_effects(
    cells: pd.DataFrame, *, least_tickets: int, most_agents: int, interval_z: float
) -> pd.DataFrame:
    """The effects of one measure."""
    cells = cells.copy()
    for name in ("topic", "priority"):
        cells[name] = cells[name].fillna("(none)")
    cells = cells[cells["team"].notna()]
    cells["person"] = np.where(
        cells["agent"].notna(), cells["team"] + "\n" + cells["agent"].fillna(""), ""
    )
    known = cells[cells["person"] != ""]
    by_person = known.groupby("person")["ticket_count"].sum()
    enough = by_person[by_person >= least_tickets].sort_values(ascending=False, kind="stable")
    told_apart = set(enough.index[:most_agents])
    by_team = cells.groupby("team")["ticket_count"].sum()
    served = cells[cells["team"].isin(by_team[by_team >= least_tickets].index)]
    fit = fit_mixed(served, told_apart=told_apart) if served["team"].nunique() else None
    by_level = {
        "team": {team: part for team, part in cells.groupby("team")},
        "agent": {person: part for person, part in known.groupby("person")},
    }
    rows = []
    for team in sorted(by_team.index):
        row = row_of(fit, by_level["team"][team], "team", team, "all", interval_z=interval_z)
        rows.append(row)
    for person in sorted(by_person.index):
        team, agent = person.split("\n", 1)
        part = by_level["agent"][person]
        row = row_of(fit, part, "agent", team, agent, interval_z=interval_z, person=person)
        rows.append(row)
    return with_ranks(pd.DataFrame(rows))


def row_of(
    fit: MixedFit | None,
    cells: pd.DataFrame,
    level: str,
    team: str,
    agent: str,
    *,
    interval_z: float,
    person: str = "",
) -> dict:
    """One row: an effect where the fit has one, else nulls and why."""
    row = {
        "level": level,
        "team": team,
        "agent": agent,
        "ticket_count": int(cells["ticket_count"].sum()),
        "median_minutes": weighted_median(
            cells["median_minutes"].to_numpy(), cells["ticket_count"].to_numpy()
        ),
        "status": "insufficient_data",
        "verdict": None,
        "effect_log": np.nan,
        "effect_log_lower": np.nan,
        "effect_log_upper": np.nan,
    }
    found = None if fit is None else contrast(fit, level, team if level == "team" else person)
    if found is not None:
        value, error = found
        # the variance of a few teams is itself a guess: Student's t on their number
        alike = sum(kind == level for kind, _ in fit.levels)
        width = float(t.ppf(norm.cdf(interval_z), max(alike - 1, 1))) * error
        lower, upper = value - width, value + width
        row |= {
            "status": "ok",
            "effect_log": value,
            "effect_log_lower": lower,
            "effect_log_upper": upper,
            "verdict": "slower" if lower > 0 else "faster" if upper < 0 else "no_difference",
        }
    for name in ("", "_lower", "_upper"):
        row[f"time_ratio{name}"] = float(np.exp(row[f"effect_log{name}"]))
    return row


def contrast(fit: MixedFit, level: str, name: str) -> tuple[float, float] | None:
    """Effect and standard error of a team against the mean of teams, or of an agent."""
    if (level, name) not in fit.levels:
        return None
    weights = np.zeros(len(fit.levels))
    weights[fit.levels.index((level, name))] = 1
    if level == "team":
        teams = np.array([kind == "team" for kind, _ in fit.levels])
        if teams.sum() < 2:
            return None
        weights[teams] -= 1 / teams.sum()
    variance = float(weights @ fit.covariance @ weights)
    return float(weights @ fit.effects), float(np.sqrt(max(variance, 0)))


def with_ranks(rows: pd.DataFrame) -> pd.DataFrame:
    """Ranks among teams, and among the agents of a team, where a difference shows at all."""
    rows["performance_rank"] = pd.array([pd.NA] * len(rows), dtype="Int64")
    of_whom = np.where(rows["level"] == "team", "", rows["team"])
    measured = rows[rows["status"] == "ok"]
    for _, group in measured.groupby(of_whom[measured.index]):
        if (group["verdict"] != "no_difference").any():
            ranks = group["effect_log"].rank(method="min").astype("int64")
            rows.loc[group.index, "performance_rank"] = ranks
    return rows


def fit_mixed(cells: pd.DataFrame, *, told_apart: set[str]) -> MixedFit | None:
    """Fits the model to cell sums; None where there are no more tickets than fixed means."""
    fixed = design(cells, ["priority", "hour_block"])
    person = cells["person"].where(cells["person"].isin(told_apart), "")
    codes = {"topic": cells["topic"], "team": cells["team"], "agent": person}
    levels = [
        (kind, name) for kind in RANDOM for name in sorted(codes[kind].unique()) if name != ""
    ]
    position = {level: number for number, level in enumerate(levels)}
    columns = np.zeros((len(cells), len(RANDOM)), dtype=int)
    for number, kind in enumerate(RANDOM):
        columns[:, number] = [position.get((kind, name), len(levels)) for name in codes[kind]]
    weight = cells["ticket_count"].to_numpy(dtype=float)
    total = cells["log_sum"].to_numpy(dtype=float)
    tickets = weight.sum()
    if tickets <= fixed.shape[1] + 1:
        return None
    size = len(levels)
    # cross products of the random design, by cells; the last column is for levels with no effect
    cross = np.zeros((size + 1, size + 1))
    with_fixed = np.zeros((fixed.shape[1], size + 1))
    sums = np.zeros(size + 1)
    for one in range(len(RANDOM)):
        np.add.at(sums, columns[:, one], total)
        np.add.at(with_fixed.T, columns[:, one], fixed * weight[:, None])
        for other in range(len(RANDOM)):
            np.add.at(cross, (columns[:, one], columns[:, other]), weight)
    return restricted_likelihood(
        levels,
        fixed_cross=fixed.T @ (fixed * weight[:, None]),
        fixed_random=with_fixed[:, :size],
        random_cross=cross[:size, :size],
        fixed_sums=fixed.T @ total,
        random_sums=sums[:size],
        squares=float(cells["log_squares"].sum()),
        tickets=tickets,
    )


def design(cells: pd.DataFrame, names: list[str]) -> np.ndarray:
    """A column of ones, and an indicator for every level but the first of each name."""
    columns = [np.ones(len(cells))]
    for name in names:
        for level in sorted(cells[name].unique())[1:]:
            columns.append((cells[name] == level).to_numpy(dtype=float))
    return np.stack(columns, axis=1)


def restricted_likelihood(
    levels: list[tuple[str, str]],
    *,
    fixed_cross: np.ndarray,
    fixed_random: np.ndarray,
    random_cross: np.ndarray,
    fixed_sums: np.ndarray,
    random_sums: np.ndarray,
    squares: float,
    tickets: float,
) -> MixedFit:
    """Expectation-maximisation on the mixed model equations; variances start at a tenth of all."""
    # the fixed part is solved once: what is left are equations of the random effects alone
    inverse = np.linalg.pinv(fixed_cross)
    absorbed = random_cross - fixed_random.T @ inverse @ fixed_random
    right = random_sums - fixed_random.T @ inverse @ fixed_sums
    rest = squares - float(fixed_sums @ inverse @ fixed_sums)
    rank = np.linalg.matrix_rank(fixed_cross)
    kinds = np.array([kind for kind, _ in levels])
    start = max(rest / max(tickets - rank, 1), 1e-9)
    variances = {kind: start / 10 for kind in RANDOM}
    residual = start
    for _ in range(ROUNDS):
        ratio = np.array([residual / variances[kind] for kind in kinds])
        coefficient = np.linalg.inv(absorbed + np.diag(ratio))
        effects = coefficient @ right
        error = np.diag(coefficient) * residual
        new = {
            # one level less: a penalty that keeps the variance of a few levels off nothing, where
            # they would be taken for equal (Chung et al. 2013)
            kind: max(
                float((effects[kinds == kind] ** 2 + error[kinds == kind]).sum())
                / max((kinds == kind).sum() - 1, 1),
                SMALLEST_SHARE * start,
            )
            if (kinds == kind).any()
            else variances[kind]
            for kind in RANDOM
        }
        new_residual = max((rest - float(effects @ right)) / max(tickets - rank, 1), 1e-9)
        change = max(
            abs(np.log(new_residual / residual)),
            *(abs(new[kind] - variances[kind]) / (variances[kind] + 0.01 * start) for kind in new),
        )
        # expectation-maximisation creeps towards variances of nothing: twice the step, in logs
        variances = {
            kind: max(new[kind] ** 2 / variances[kind], SMALLEST_SHARE * start) for kind in new
        }
        residual = new_residual
        if change < CLOSE_ENOUGH:
            break
    ratio = np.array([residual / variances[kind] for kind in kinds])
    coefficient = np.linalg.inv(absorbed + np.diag(ratio))
    return MixedFit(levels, coefficient @ right, coefficient * residual, variances, residual)


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value that half of the weight lies at or below."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
