"""Many clients of a gateway at the same time: are the answers right, does anybody starve, does anything stay behind.

Run as ``python benchmarks/load.py``: 50 clients with a session each run 20 executes, in three rounds. The gateway, its
embedded cluster of two workers, the drivers and the clients' processes (one for each user) are all on this machine.
Ends with 1 if an answer is wrong, a client starves, or something stays.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

import mars_nb
import mars_nb.tensor as mt
from mars_nb.gateway.auth import hash_token, new_token

MIB = 1 << 20
#: The slowest client may take so many times what the median takes.
SLOWEST = 5.0
#: Bytes by which the gateway may grow from the second round to the last: allocators do not give all back.
GROWTH = 4 * MIB
#: Seconds for which drivers without sessions stay.
IDLE_S = 1
PATIENCE_S = 30.0


class State(NamedTuple):
    """What the gateway's process is and has."""

    drivers: int
    fds: int
    rss: int


class Gateway:
    """A gateway with its processes, and the addresses for its users."""

    def __init__(self, users: int, sessions: int, folder: Path) -> None:
        tokens = [new_token() for _ in range(users)]
        file = folder / "users"
        file.write_text("".join(f"user{i}:{hash_token(t)}:sessions={sessions}\n" for i, t in enumerate(tokens)))
        command = [sys.executable, "-m", "mars_nb.gateway", "--port", "0", "--token-file", str(file)]
        options = ["--n-workers", "2", "--threads-per-worker", "1", "--memory-limit", "2GiB"]
        options += ["--idle-timeout", f"{IDLE_S}s", "--log-level", "error"]
        self._process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
        self._watched = psutil.Process(self._process.pid)
        assert self._process.stdout is not None
        found = re.match(r"(http://\S+) for", self._process.stdout.readline())
        assert found is not None, "the gateway did not start"
        self.urls = [f"{found[1]}?token={token}" for token in tokens]

    def drivers(self) -> int:
        """Tell how many there are: all its children but the one with the embedded cluster."""
        return len(self._watched.children()) - 1

    def settled(self) -> State:
        """Wait for the ends of drivers and connections, and tell what stays."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            state = State(self.drivers(), self._watched.num_fds(), self._watched.memory_info().rss)
            clients = [c for c in self._watched.net_connections("tcp") if c.status == psutil.CONN_ESTABLISHED]
            if not (state.drivers or clients) or time.monotonic() > deadline:
                return state
            time.sleep(0.05)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.wait(PATIENCE_S)


@contextmanager
def gateway(users: int, sessions: int) -> Iterator[Gateway]:
    """Start a gateway."""
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        made = Gateway(users, sessions, Path(folder))
        try:
            yield made
        finally:
            made.close()


# --- in a client's process -------------------------------------------------------------------------------

_start: Any = None  # a barrier for all clients


def _take(barrier: Any) -> None:
    global _start  # how multiprocessing hands it over
    _start = barrier
    mars_nb.options.show_progress = False


def one(url: str, client: int, executes: int) -> tuple[float, int]:
    """Be a client; give its seconds, and how many of its answers were wrong."""
    wrong = 0
    with mars_nb.new_session(url, default=False) as session:
        _start.wait(PATIENCE_S)
        begun = time.perf_counter()
        for number in range(executes):
            size = 1000 * (client + 1) + number
            total = (mt.arange(size, chunk_size=size // 3 + 1) * number).sum()
            found = total.execute(session=session).fetch(session=session)
            wrong += found != (np.arange(size) * number).sum()
        return time.perf_counter() - begun, wrong


def several(url: str, clients: list[int], executes: int) -> list[tuple[float, int]]:
    """Be several clients at the same time."""
    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(lambda client: one(url, client, executes), clients))


# --- the whole -------------------------------------------------------------------------------------------


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--users", type=int, default=5)
    parser.add_argument("--executes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    shares = [list(range(wanted.clients))[user :: wanted.users] for user in range(wanted.users)]
    context = multiprocessing.get_context("spawn")
    faults, states = [], []
    with (
        gateway(wanted.users, max(map(len, shares))) as made,
        context.Pool(wanted.users, _take, [context.Barrier(wanted.clients)]) as pool,
    ):
        print(f"before: {describe(made.settled())}")
        for number in range(wanted.rounds):
            work = [(url, share, wanted.executes) for url, share in zip(made.urls, shares, strict=True)]
            told = [one for share in pool.starmap(several, work, chunksize=1) for one in share]
            seconds = sorted(second for second, _ in told)
            median, wrong = statistics.median(seconds), sum(count for _, count in told)
            states.append(made.settled())
            rate = wanted.clients * wanted.executes / seconds[-1]
            print(
                f"round {number + 1}: {wanted.clients} clients x {wanted.executes} executes, {rate:.0f} a second, "
                f"{wrong} wrong; a client took {seconds[0]:.2f} to {seconds[-1]:.2f} s, median {median:.2f} s, "
                f"slowest {seconds[-1] / median:.2f} times that; afterwards {describe(states[-1])}"
            )
            faults += [f"{wrong} wrong answers"] if wrong else []
            faults += ["a client starved"] if seconds[-1] > SLOWEST * median else []
            faults += ["drivers stayed"] if states[-1].drivers else []
    reference, last = states[:2][-1], states[-1]
    faults += ["the gateway grows"] if last.rss - reference.rss > GROWTH else []
    faults += ["files stay open"] if last.fds > states[0].fds else []
    print(*faults or ["all is well"], sep="\n")
    return bool(faults)


def describe(state: State) -> str:
    """Write what the gateway is and has."""
    return f"{state.drivers} drivers, the gateway has {state.fds} open files and {state.rss / MIB:.1f} MiB"


if __name__ == "__main__":
    sys.exit(main())
