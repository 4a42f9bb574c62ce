"""The second process for fits: the same results, the same errors, and never in the way."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pandas as pd
import pytest

from retail_analytics.statistics.trend import sen_slope
from retail_analytics.storage.sql import literal
from retail_analytics.warehouse import apart as module
from retail_analytics.warehouse.apart import apart, second_process
from retail_analytics.warehouse.run import is_whole


@pytest.fixture(scope="module")
def started() -> Iterator[None]:
    with second_process():
        yield


def test_without_a_second_process_a_fit_runs_here():
    assert module.running is None
    assert apart(os.getpid) == os.getpid()


def test_a_fit_runs_there_with_the_same_result(started):
    assert apart(os.getpid) == module.running.process.pid
    values = pd.Series([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0]).to_numpy()
    assert apart(sen_slope, values) == sen_slope(values)
    frame = pd.DataFrame({"a": [1.0, None], "b": ["x", None]}, index=[4, 2])
    pd.testing.assert_frame_equal(apart(pd.DataFrame.copy, frame), frame)


def test_what_a_fit_raises_comes_back(started):
    with pytest.raises(AttributeError, match="'int' object has no attribute 'replace'") as caught:
        apart(literal, 3)
    assert "storage/sql.py" in caught.value.__notes__[0], "the place is told"
    assert apart(os.getpid) == module.running.process.pid, "and the next fit runs"


def test_what_a_fit_prints_is_no_answer(started, capfd):
    assert apart(print, "said on the way") is None
    assert apart(os.getpid) == module.running.process.pid
    assert capfd.readouterr().out == ""


# arrays too small for the system to give one by one, and one that lies above them and stays
FIT = """
import builtins
import numpy
held = [numpy.ones(8_000) for _ in range(3_000)]
builtins.above = numpy.ones(8_000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the library decides")
def test_what_a_fit_freed_goes_back_to_the_system(started):
    # the libraries are there
    apart(os.getpid)
    before = resident_bytes(module.running.process.pid)
    apart(exec, FIT, {})
    # it answers before it gives back, and takes the next one after that
    apart(os.getpid)
    grown = resident_bytes(module.running.process.pid) - before
    assert grown < 60_000_000, "of 192 MB"


def resident_bytes(number: int) -> int:
    with open(f"/proc/{number}/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_while_it_is_at_work_other_fits_run_here(started):
    waiting = threading.Thread(target=apart, args=(time.sleep, 1))
    waiting.start()
    while not module.running.is_busy.locked():
        time.sleep(0.001)
    assert apart(os.getpid) == os.getpid()
    waiting.join()
    assert apart(os.getpid) == module.running.process.pid


def test_large_frames_are_not_copied(started, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    frame = pd.DataFrame({"a": range(1000)})
    assert apart(pd.DataFrame.copy, frame).equals(frame)
    assert module.frame_bytes([frame, 3, "x"]) == frame.memory_usage().sum()


def test_a_killed_process_is_said_and_does_not_hang():
    before = module.running
    with second_process():
        os.kill(module.running.process.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="the process of the fits ended with -9"):
            apart(os.getpid)
    assert module.running is before


def test_it_ends_with_the_process_that_started_it():
    text = (
        "from retail_analytics.warehouse import apart as module\n"
        "with module.second_process():\n"
        "    print(module.running.process.pid, flush=True)\n"
        "    input()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 60
    while is_alive(child):
        assert time.monotonic() < deadline, "the second process outlives the first"
        time.sleep(0.05)


def is_alive(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat") as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("arguments", "is_all"),
    [
        ([], True),
        (["--target-path", "target", "--exclude-resource-type", "unit_test"], True),
        (["--select", "orders"], False),
        (["--select=orders"], False),
        (["-s", "orders"], False),
    ],
)
def test_only_a_whole_build_starts_it(arguments, is_all):
    assert is_whole(arguments) == is_all
