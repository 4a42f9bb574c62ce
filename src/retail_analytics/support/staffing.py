"""How many people each hour of the week needs, and the service that other numbers would give.

Chat and phone are queues in which people wait (Erlang A, with Erlang C as the service that is
reached at least where nobody gives up); they are staffed for the upper volume of each hour. E-mail
can wait: a number of people for all open hours works off what has piled up, first come first
served, and weeks drawn from the forecast say how much of it is answered in time.
"""

import numpy as np
import pandas as pd

from retail_analytics.support.erlang import erlang_a, erlang_c

HOURS = 168
COLUMNS = {
    "channel": "object",
    "hour_of_week": "int64",
    "option_number": "int64",
    "iso_weekday": "int64",
    "hour_of_day": "int64",
    "agents": "Int64",
    "is_recommended": "bool",
    "is_enough": "object",
    "service_level": "float64",
    "service_level_without_abandonment": "float64",
    "abandoned_share": "float64",
    "occupancy": "float64",
    "service_target": "float64",
    "within_minutes": "float64",
    "patience_minutes": "float64",
    "absence_share": "float64",
    "open_share": "float64",
    "volume_p50": "float64",
    "volume_p80": "float64",
    "handle_minutes": "float64",
    "method": "object",
    "status": "object",
}
RULE_NUMBERS = (
    *("service_target", "within_minutes", "patience_minutes", "most_occupancy", "absence_share"),
)
# numbers of people shown below and above the recommended one
AROUND = 2
MOST_AGENTS = 2_000
SIMULATED_WEEKS = 60
WARM_UP_WEEKS = 8


def capacity_options(hours: pd.DataFrame, rules: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Service by number of people for each hour of the week and channel.

    Parameters
    ----------
    hours: 168 rows per channel: volume, volume_p50, volume_p80, overdispersion, open_share (of the
        hour, 0 to 1), handle_minutes (null where unknown) and status of the volume's forecast.
    rules: one row per channel and one for `default`: method (`erlang_a`, `backlog`),
        service_target, within_minutes (of open time), patience_minutes, most_occupancy,
        absence_share.
    seed: of the weeks that are drawn.

    Returns
    -------
    Rows per channel, hour and number of people, one of each hour recommended: the fewest with the
    target met and no more occupancy than allowed. A closed hour, or one without forecast or handle
    times, has one row whose status says so.
    """
    if hours.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    numbers = {name: float for name in RULE_NUMBERS}
    by_channel = rules.astype(numbers).set_index("channel")
    parts = []
    for channel, part in hours.groupby("channel", sort=True):
        rule = by_channel.loc[channel if channel in by_channel.index else "default"]
        part = part.sort_values("hour_of_week").reset_index(drop=True)
        for name in RULE_NUMBERS:
            part[name] = float(rule[name])
        part["method"] = rule["method"]
        part["status"] = plan_status(part)
        planned = part["status"].isin(["ok", "short_history"]).to_numpy()
        rest = part[~planned].assign(is_recommended=True, is_enough=None, agents=pd.NA)
        plan = backlog_options if rule["method"] == "backlog" else queue_options
        if planned.any():
            parts.append(
                plan(part, planned, most_occupancy=float(rule["most_occupancy"]), seed=seed)
            )
        if len(rest):
            parts.append(rest)
    result = pd.concat([p.reindex(columns=list(COLUMNS)) for p in parts], ignore_index=True)
    result = result.sort_values(["channel", "hour_of_week", "agents"], kind="stable")
    result["option_number"] = result.groupby(["channel", "hour_of_week"]).cumcount() + 1
    return result.astype(COLUMNS).reset_index(drop=True)


def plan_status(part: pd.DataFrame) -> np.ndarray:
    """Why an hour has no plan, else the status of its volume."""
    status = part["status"].to_numpy(dtype=object)
    no_time = ~(part["handle_minutes"].to_numpy(dtype=float) > 0)
    open_share = part["open_share"].to_numpy(dtype=float)
    status = np.where(no_time & (status != "insufficient_data"), "no_handle_minutes", status)
    status = np.where(np.isnan(open_share), "no_hours", status)
    return np.where(open_share == 0, "closed", status)


def queue_options(
    part: pd.DataFrame, planned: np.ndarray, *, most_occupancy: float, seed: int
) -> pd.DataFrame:
    """Options of hours in which callers wait in a queue."""
    rows = part[planned].reset_index(drop=True)
    calls = (rows["volume_p80"] / rows["open_share"]).to_numpy()
    handle = rows["handle_minutes"].to_numpy()
    needed = fewest_agents(rows, calls, handle, most_occupancy=most_occupancy)
    offsets = np.arange(-AROUND, AROUND + 1)
    agents = needed[:, None] + offsets
    kept = agents >= 1
    index = np.repeat(np.arange(len(rows)), len(offsets))[kept.ravel()]
    return with_queue(rows.iloc[index].reset_index(drop=True), agents.ravel()[kept.ravel()]).assign(
        is_recommended=np.tile(offsets == 0, len(rows))[kept.ravel()]
    )


def with_queue(rows: pd.DataFrame, agents: np.ndarray) -> pd.DataFrame:
    """The rows with what so many people give them."""
    asked = {
        "calls_per_hour": (rows["volume_p80"] / rows["open_share"]).to_numpy(dtype=float),
        "handle_minutes": rows["handle_minutes"].to_numpy(dtype=float),
        "agents": agents,
        "within_minutes": rows["within_minutes"].to_numpy(dtype=float),
    }
    patience = rows["patience_minutes"].fillna(np.inf).to_numpy(dtype=float)
    queue = erlang_a(**asked, patience_minutes=patience)
    bound = erlang_c(**asked)
    return rows.assign(
        agents=agents,
        service_level=queue.service_level,
        service_level_without_abandonment=bound.service_level,
        abandoned_share=queue.abandoned,
        occupancy=queue.occupancy,
        is_enough=queue.service_level >= rows["service_target"].to_numpy(),
    )


def fewest_agents(
    rows: pd.DataFrame, calls: np.ndarray, handle: np.ndarray, *, most_occupancy: float
) -> np.ndarray:
    """The fewest people with the target met and not too busy, by halving; at least one."""
    low = np.zeros(len(rows), dtype=int)
    high = np.maximum(np.ceil(calls * handle / 60 * 2).astype(int) + 5, 1)
    target = rows["service_target"].to_numpy()
    while np.any(high - low > 1):
        middle = (low + high) // 2
        tried = with_queue(rows, np.maximum(middle, 1))
        good = (tried["service_level"].to_numpy() >= target) & (
            tried["occupancy"].to_numpy() <= most_occupancy
        )
        high = np.where(good & (middle >= 1), middle, high)
        low = np.where(good & (middle >= 1), low, middle)
    return high


def backlog_options(
    part: pd.DataFrame, planned: np.ndarray, *, most_occupancy: float, seed: int
) -> pd.DataFrame:
    """Options of a channel whose tickets can wait: the same number of people in all open hours."""
    rng = np.random.default_rng(seed)
    share = np.nan_to_num(part["open_share"].to_numpy(dtype=float))
    handle = float(part["handle_minutes"].iloc[0])
    target = float(part["service_target"].iloc[0])
    within = float(part["within_minutes"].iloc[0])
    arrivals = drawn_weeks(part, rng)
    load = arrivals.mean(axis=0).sum() * handle / 60 / share.sum()
    agents = max(int(np.ceil(load / most_occupancy)), 1)
    tried = {}

    def service(number: int) -> tuple[np.ndarray, np.ndarray, float]:
        if number not in tried:
            tried[number] = backlog_service(
                arrivals, share * number * 60 / handle, share=share, within=within
            )
        return tried[number]

    while service(agents)[2] < target and agents < MOST_AGENTS:
        agents += max(1, agents // 20)
    while agents > 1 and load / (agents - 1) <= most_occupancy and service(agents - 1)[2] >= target:
        agents -= 1
    rows = part[planned].reset_index(drop=True)
    place = rows["hour_of_week"].to_numpy()
    options = []
    for number in range(max(1, agents - AROUND), agents + AROUND + 1):
        level, busy, whole = service(number)
        options.append(
            rows.assign(
                agents=number,
                service_level=level[place],
                service_level_without_abandonment=level[place],
                abandoned_share=0.0,
                occupancy=busy[place],
                is_enough=whole >= target,
                is_recommended=number == agents,
            )
        )
    return pd.concat(options, ignore_index=True)


def drawn_weeks(part: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Weeks x 168 counts with the forecast's mean and variance."""
    mean = np.maximum(part["volume"].to_numpy(dtype=float), 1e-12)
    spread = float(part["overdispersion"].iloc[0])
    shape = (SIMULATED_WEEKS, HOURS)
    rate = np.broadcast_to(mean, shape)
    if spread > 1e-9:
        rate = rate * rng.gamma(1 / spread, spread, shape)
    return rng.poisson(rate)


def backlog_service(
    arrivals: np.ndarray, capacity: np.ndarray, *, share: np.ndarray, within: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Share in time and occupancy by hour of the week, and the share in time of all.

    arrivals: weeks x 168; capacity: tickets that can be answered in each hour of the week. A ticket
    is in time when no more than `within` open minutes pass from the end of its hour to its answer.
    """
    come = np.cumsum(arrivals.ravel().astype(float))
    can = np.tile(capacity, len(arrivals))
    # done = min over earlier hours of what had come + what could be done since
    could = np.cumsum(can)
    done = np.minimum(
        come, could + np.minimum.accumulate(np.concatenate([[0.0], come - could]))[1:]
    )
    answered_in = np.searchsorted(done, come - 1e-9, side="left")
    open_minutes = 60 * np.cumsum(np.tile(share, len(arrivals)))
    last = len(come) - 1
    waited = open_minutes[np.minimum(answered_in, last)] - open_minutes
    in_time = (waited <= within) & (answered_in <= last)
    used = np.diff(done, prepend=0.0) / np.maximum(can, 1e-12)
    # what comes in the last weeks may still be answered after them
    weeks = slice(WARM_UP_WEEKS, len(arrivals) - WARM_UP_WEEKS)
    counts = arrivals[weeks].astype(float)
    good = in_time.reshape(arrivals.shape)[weeks]
    total = counts.sum(axis=0)
    level = np.where(
        total > 0, (counts * good).sum(axis=0) / np.maximum(total, 1), good.mean(axis=0)
    )
    busy = np.where(capacity > 0, used.reshape(arrivals.shape)[weeks].mean(axis=0), 0.0)
    whole = float((counts * good).sum() / total.sum()) if total.sum() else 1.0
    return level, np.clip(busy, 0, 1), whole


def what_if(plan: pd.DataFrame, *, agents: int, seed: int = 42) -> pd.DataFrame:
    """The open hours of a channel with another number of people.

    Parameters
    ----------
    plan: the 168 rows of one channel's capacity plan, with volume and overdispersion of its
    forecast. agents: people in every open hour, 1 or more. seed: of the weeks that are drawn where
    tickets can wait.

    Returns
    -------
    The planned hours with agents, agents_needed (by the plan), service_level, abandoned_share,
    occupancy and is_enough. Raises ValueError where no hour is planned, or for fewer than one
    agent.
    """
    if agents < 1:
        raise ValueError(f"agents must be 1 or more, not {agents}")
    plan = plan.sort_values("hour_of_week").reset_index(drop=True)
    planned = plan["status"].isin(["ok", "short_history"]).to_numpy()
    rows = plan[planned].reset_index(drop=True)
    if rows.empty:
        raise ValueError("the capacity plan of this channel has no open hour with a forecast")
    needed = rows["agents"].to_numpy()
    if rows["method"].iloc[0] != "backlog":
        return with_queue(rows, np.full(len(rows), agents)).assign(agents_needed=needed)
    share = np.nan_to_num(plan["open_share"].to_numpy(dtype=float))
    handle, within = float(rows["handle_minutes"].iloc[0]), float(rows["within_minutes"].iloc[0])
    arrivals = drawn_weeks(plan, np.random.default_rng(seed))
    level, busy, whole = backlog_service(
        arrivals, share * agents * 60 / handle, share=share, within=within
    )
    return rows.assign(
        agents=agents,
        agents_needed=needed,
        service_level=level[planned],
        abandoned_share=0.0,
        occupancy=busy[planned],
        is_enough=whole >= float(rows["service_target"].iloc[0]),
    )


def as_text(result: pd.DataFrame, *, channel: str) -> str:
    """A what-if in a few lines: how many hours reach the target, and the hours with the worst
    service."""
    first = result.iloc[0]
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    tickets = result["volume_p80"].to_numpy(dtype=float)
    weight = tickets if tickets.sum() > 0 else np.ones(len(result))
    lines = [
        f"{channel}: {int(first['agents'])} people in each of {len(result)} open hours a week; the "
        f"plan takes {int(result['agents_needed'].min())} to {int(result['agents_needed'].max())}",
        f"answered within {first['within_minutes']:,.1f} minutes: "
        f"{np.average(result['service_level'], weights=weight):.1%} of tickets, "
        f"{first['service_target']:.0%} asked for",
        f"enough in {int(result['is_enough'].astype(bool).sum())} of {len(result)} hours; "
        f"busy {np.average(result['occupancy'], weights=weight):.0%} of the time; "
        f"{np.average(result['abandoned_share'], weights=weight):.1%} give up",
        "",
        f"{'hour':<10}{'tickets':>9}{'planned':>9}{'in time':>9}{'busy':>7}{'give up':>9}",
    ]
    worst = result.sort_values(["service_level", "hour_of_week"], kind="stable").head(10)
    for row in worst.itertuples():
        hour = f"{days[row.iso_weekday - 1]} {row.hour_of_day:02}:00"
        lines.append(
            f"{hour:<10}{row.volume_p80:>9,.1f}{row.agents_needed:>9,d}{row.service_level:>9.1%}"
            f"{row.occupancy:>7.0%}{row.abandoned_share:>9.1%}"
        )
    return "\n".join(lines)
