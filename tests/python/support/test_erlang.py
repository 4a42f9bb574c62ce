"""Queues against published figures, simulation and what must hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail_analytics.support.erlang import erlang_a, erlang_c

# 200 calls an hour of 3 minutes: 10 erlang
TEN = {"calls_per_hour": 200.0, "handle_minutes": 3.0, "within_minutes": 20 / 60}


def test_erlang_c_is_the_known_one() -> None:
    queue = erlang_c(**TEN, agents=np.array([13, 14]))
    assert queue.service_level == pytest.approx([0.79559479, 0.88835002], abs=5e-9)
    assert queue.occupancy == pytest.approx([10 / 13, 10 / 14])


def test_erlang_a_is_the_known_one() -> None:
    queue = erlang_a(**TEN, agents=11, patience_minutes=2.0)
    assert float(queue.service_level) == pytest.approx(0.742209, abs=5e-7)
    assert float(queue.abandoned) == pytest.approx(0.094155, abs=5e-7)


def test_patience_without_end_gives_erlang_c() -> None:
    agents = np.arange(11, 20)
    patient = erlang_a(**TEN, agents=agents, patience_minutes=1e9)
    bound = erlang_c(**TEN, agents=agents)
    assert patient.service_level == pytest.approx(bound.service_level, abs=1e-7)
    assert patient.mean_wait_minutes == pytest.approx(bound.mean_wait_minutes, abs=1e-6)


def test_a_simulated_queue_agrees() -> None:
    rng = np.random.default_rng(3)
    calls = 200_000
    arrived = np.cumsum(rng.exponential(60 / 200, calls))
    work, patience = rng.exponential(3, calls), rng.exponential(2, calls)
    free = np.zeros(11)
    answered = gone = 0
    for at, needs, waits in zip(arrived, work, patience, strict=True):
        agent = int(np.argmin(free))
        wait = max(free[agent] - at, 0.0)
        if wait > waits:
            gone += 1
            continue
        free[agent] = at + wait + needs
        answered += wait <= 20 / 60
    queue = erlang_a(**TEN, agents=11, patience_minutes=2.0)
    assert answered / calls == pytest.approx(float(queue.service_level), abs=0.01)
    assert gone / calls == pytest.approx(float(queue.abandoned), abs=0.006)


def test_a_queue_that_never_empties_serves_nobody_in_time() -> None:
    queue = erlang_c(**TEN, agents=np.array([0, 9, 10]))
    assert list(queue.service_level) == [0, 0, 0]
    assert np.isinf(queue.mean_wait_minutes).all()


def test_nobody_calls_nobody_waits() -> None:
    queue = erlang_a(
        calls_per_hour=0, handle_minutes=3, agents=[0, 2], patience_minutes=1, within_minutes=0
    )
    assert list(queue.service_level) == [1, 1]
    assert list(queue.occupancy) == [0, 0]


@given(
    calls=st.floats(0.01, 3_000),
    handle=st.floats(0.2, 60),
    agents=st.integers(1, 300),
    patience=st.floats(0.1, 200),
    within=st.floats(0, 60),
)
def test_one_more_person_never_makes_it_worse(
    calls: float, handle: float, agents: int, patience: float, within: float
) -> None:
    queue = erlang_a(
        calls_per_hour=calls,
        handle_minutes=handle,
        agents=np.array([agents, agents + 1]),
        patience_minutes=patience,
        within_minutes=within,
    )
    bound = erlang_c(
        calls_per_hour=calls, handle_minutes=handle, agents=agents, within_minutes=within
    )
    assert queue.service_level[1] >= queue.service_level[0] - 1e-9
    assert queue.abandoned[1] <= queue.abandoned[0] + 1e-9
    assert queue.occupancy[1] <= queue.occupancy[0] + 1e-9
    # who gives up makes room: waiting is never longer than where nobody does
    assert queue.mean_wait_minutes[0] <= bound.mean_wait_minutes + 1e-9
    for values in (queue.service_level, queue.abandoned, queue.occupancy):
        assert np.all((values >= 0) & (values <= 1))


@pytest.mark.parametrize(
    ("name", "value"),
    [("calls_per_hour", -1), ("handle_minutes", 0), ("agents", 1.5), ("patience_minutes", 0)],
)
def test_what_is_no_queue_is_refused_by_name(name: str, value: float) -> None:
    queue = {**TEN, "agents": 11, "patience_minutes": 2.0, name: value}
    with pytest.raises(ValueError, match=name):
        erlang_a(**queue)


def test_agents_are_busy_with_those_who_did_not_give_up() -> None:
    # 10 erlang for 8 agents: without patience the queue never empties, with some it does
    found = erlang_a(
        calls_per_hour=np.array(60.0),
        handle_minutes=np.array(10.0),
        agents=np.array(8.0),
        patience_minutes=np.array(5.0),
        within_minutes=np.array(1.0),
    )
    assert 0.2 < found.abandoned < 0.4
    assert found.occupancy == pytest.approx(10 * (1 - found.abandoned) / 8)
    assert found.occupancy < 1
    # who waits gives up at a rate of 1 / patience
    assert found.abandoned == pytest.approx(found.mean_wait_minutes / 5)
