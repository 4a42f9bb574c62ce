"""Queues with agents: Erlang C (everybody waits) and Erlang A (callers give up after a while).

Arrivals are Poisson, handle times exponential, patience exponential. All functions take arrays that
broadcast against each other: `calls_per_hour`, `handle_minutes`, `agents` (whole, 0 or more),
`patience_minutes` (infinite where nobody gives up).
Source: Erlang 1917; Baccelli and Hebuterne 1981; Garnett, Mandelbaum and Reiman 2002.
"""

from dataclasses import dataclass

import numpy as np

# terms of the sum over the length of the queue; beyond, what is left is below this share
LEAST_TERM = 1e-12
MOST_WAITING = 20_000
NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)


@dataclass(frozen=True)
class Queue:
    """What callers meet: shares 0 to 1, mean wait of all in minutes.

    service_level: answered within the time asked for; abandoned: gave up; occupancy: share of
    their time that agents work. A queue that never empties has service level 0, wait infinite.
    """

    service_level: np.ndarray
    abandoned: np.ndarray
    occupancy: np.ndarray
    mean_wait_minutes: np.ndarray


def erlang_a(
    *,
    calls_per_hour: np.ndarray,
    handle_minutes: np.ndarray,
    agents: np.ndarray,
    patience_minutes: np.ndarray,
    within_minutes: np.ndarray,
) -> Queue:
    """Service of M/M/n+M; with infinite patience that of Erlang C.

    Raises ValueError for a negative rate, a handle time or patience that is not above 0, or agents
    that are not whole numbers from 0.

    Example: 200 calls an hour of 3 minutes are 10 erlang; of them 14 agents without abandonment
    answer .888 within 20 seconds.
    """
    calls, handle, agents, patience, within = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (calls_per_hour, handle_minutes, agents)),
        *(np.asarray(x, dtype=float) for x in (patience_minutes, within_minutes)),
    )
    check(calls, handle, agents, patience, within)
    rate, work, leave = calls / 60, 1 / handle, 1 / patience
    load = rate / work
    is_stable = (leave > 0) | (load < agents)
    some = (agents > 0) & (rate > 0) & is_stable
    # logarithms of probabilities over that of n - 1 busy agents: with a hopeless load they are huge
    queue, waiting = queue_sums(rate, agents * work, leave, some)
    total = np.logaddexp(free_sum(load, agents), queue)
    half = within[..., None] / 2
    at = half * (NODES + 1)
    given_up = np.where(
        leave[..., None] > 0,
        -np.expm1(-leave[..., None] * at) / np.where(leave > 0, leave, 1)[..., None],
        at,
    )
    # density of the wait of who finds all agents busy and is still there
    density = np.exp(
        rate[..., None] * given_up
        - (agents * work + leave)[..., None] * at
        - np.where(some, total, np.inf)[..., None]
    )
    answered = rate * (density * WEIGHTS).sum(-1) * half[..., 0]
    free = np.exp(free_sum(load, agents) - total, where=some, out=np.zeros_like(rate))
    service = free + answered
    in_queue = np.exp(waiting - total, where=some, out=np.zeros_like(rate))
    mean_wait = in_queue / np.where(rate > 0, rate, 1)
    abandoned = leave * mean_wait
    no_agents = np.where(leave > 0, 1.0, 0.0)
    result = Queue(
        service_level=np.where(some, np.clip(service, 0, 1), 0.0),
        abandoned=np.where(some, np.clip(abandoned, 0, 1), no_agents),
        occupancy=np.where(some, load * (1 - abandoned) / np.maximum(agents, 1), 1.0),
        mean_wait_minutes=np.where(some, mean_wait, np.where(leave > 0, patience, np.inf)),
    )
    idle = rate == 0
    return Queue(
        service_level=np.where(idle, 1.0, result.service_level),
        abandoned=np.where(idle, 0.0, result.abandoned),
        occupancy=np.where(idle, 0.0, np.clip(result.occupancy, 0, 1)),
        mean_wait_minutes=np.where(idle, 0.0, result.mean_wait_minutes),
    )


def erlang_c(
    *,
    calls_per_hour: np.ndarray,
    handle_minutes: np.ndarray,
    agents: np.ndarray,
    within_minutes: np.ndarray,
) -> Queue:
    """Service of M/M/n, where nobody gives up: the service that is reached at least."""
    return erlang_a(
        calls_per_hour=calls_per_hour,
        handle_minutes=handle_minutes,
        agents=agents,
        patience_minutes=np.asarray(np.inf),
        within_minutes=within_minutes,
    )


def check(
    calls: np.ndarray,
    handle: np.ndarray,
    agents: np.ndarray,
    patience: np.ndarray,
    within: np.ndarray,
) -> None:
    """Raises ValueError, naming the argument."""
    if np.any(~(calls >= 0) | np.isinf(calls)):
        raise ValueError("calls_per_hour: 0 or more")
    if np.any(~(handle > 0) | np.isinf(handle)):
        raise ValueError("handle_minutes: more than 0")
    if np.any(~(agents >= 0) | (agents != np.floor(agents))):
        raise ValueError("agents: whole, 0 or more")
    if np.any(~(patience > 0)):
        raise ValueError("patience_minutes: more than 0")
    if np.any(~(within >= 0) | np.isinf(within)):
        raise ValueError("within_minutes: 0 or more")


def free_sum(load: np.ndarray, agents: np.ndarray) -> np.ndarray:
    """Logarithm of the probability that an agent is free, over that of exactly one being free."""
    total = np.where(agents > 0, 1.0, 0.0)
    term = total.copy()
    for step in range(1, int(agents.max(initial=0))):
        # from n - step busy agents to n - step - 1
        # bounded: with next to no load the state of one free agent has next to no share
        term = np.where(step < agents, term * (agents - step) / np.maximum(load, 1e-9), 0.0)
        term = np.minimum(term, 1e250)
        total = total + term
    return np.log(np.maximum(total, 1e-300))


def queue_sums(
    rate: np.ndarray, pace: np.ndarray, leave: np.ndarray, where: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sums over states with all agents busy, of the probability and of it times those waiting.

    Logarithms, of probabilities over that of one agent being free.
    """
    safe_rate, safe_pace = np.where(where, rate, 1.0), np.where(where, pace, 2.0)
    # without abandonment the sums are known
    share = np.where(leave == 0, safe_rate / safe_pace, 0.5)
    known, known_waiting = np.log(share / (1 - share)), 2 * np.log(share / (1 - share))
    term = np.log(safe_rate / safe_pace)
    total, waiting = term.copy(), np.full_like(term, -np.inf)
    term = np.where(leave == 0, -np.inf, term)
    for length in range(1, MOST_WAITING):
        if np.all(term + np.log(length) <= np.log(LEAST_TERM) + total):
            break
        term = term + np.log(safe_rate / (safe_pace + length * leave))
        total = np.logaddexp(total, term)
        waiting = np.logaddexp(waiting, np.log(length) + term)
    return np.where(leave == 0, known, total), np.where(leave == 0, known_waiting, waiting)
