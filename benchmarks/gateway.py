"""What the gateway costs: beside a direct `distributed.Client`, and beside a plain download with tornado.

Run as ``python benchmarks/gateway.py``; everything is on this machine, the cluster is two worker processes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import dask
import numpy as np
from distributed import Client, LocalCluster

import mars_nb
import mars_nb.tensor as mt

GIB = 1 << 30
PIECE = 1 << 20


@contextlib.contextmanager
def gateway(scheduler: str) -> Iterator[str]:
    """Start a gateway, and give its address."""
    command = [sys.executable, "-m", "mars_nb.gateway", "--scheduler", scheduler, "--port", "0", "--log-level", "error"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def times(call: Callable[[], Any], number: int) -> float:
    """Give the median of seconds."""
    found = []
    for _ in range(number):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def trivial(address: str, client: Client, number: int) -> None:
    """Compare a trivial execute and fetch."""
    import dask.array as da

    def least() -> Any:
        return client.submit(np.sum, [1, 1, 1], pure=False).result()

    def direct() -> Any:
        return da.ones(3).sum().compute(scheduler=client)

    def through() -> Any:
        return mt.ones(3).sum().execute().fetch()

    found = {}
    for name, url in (("a session at the scheduler", client.scheduler.address), ("a session at the gateway", address)):
        with mars_nb.new_session(url):
            times(through, 20)
            found[name] = times(through, number)
    times(direct, 20)
    base, submitted = times(direct, number), times(least, number)
    print(
        f"trivial: distributed.Client computes in {base * 1e3:.1f} ms, its submit() alone in {submitted * 1e3:.1f} ms"
    )
    for name, seconds in found.items():
        print(f"  {name}: {seconds * 1e3:.1f} ms, {seconds / base:.2f} times that ({seconds / submitted:.2f})")


def many(address: str, client: Client, number: int) -> None:
    """Compare many small tasks."""
    work = [dask.delayed(np.sqrt)(i) for i in range(number)]
    graph = dask.delayed(sum)(work)
    base = times(lambda: graph.compute(scheduler=client), 3)
    with mars_nb.new_session(address) as session:
        seconds = times(lambda: graph.compute(scheduler=session.get), 3)
    print(f"{number} tasks: distributed.Client {base:.2f} s, gateway {seconds:.2f} s, {seconds / base:.2f} times that")


def serve(nbytes: int, told: Any) -> None:
    """Serve a download with tornado, from memory."""
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_sockets
    from tornado.web import Application, RequestHandler

    data = bytes(PIECE)

    class Download(RequestHandler):
        async def get(self) -> None:
            for _ in range(nbytes // PIECE):
                self.write(data)
                await self.flush()

    async def main() -> None:
        sockets = bind_sockets(0, "127.0.0.1")
        HTTPServer(Application([("/", Download)])).add_sockets(sockets)
        told.send(sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    asyncio.run(main())


def raw(nbytes: int, *, keep: bool) -> float:
    """Give the rate of a download with tornado on both sides, in bytes a second.

    Parameters
    ----------
    nbytes
        Of the download.
    keep
        Have it in memory in the end, as after a fetch; else each piece is dropped.
    """
    from tornado.httpclient import HTTPClient, HTTPRequest

    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(nbytes, there), daemon=True)
    process.start()
    port = here.recv()
    client = HTTPClient(max_body_size=1 << 40)

    def download() -> None:
        take = None if keep else lambda piece: None
        request = HTTPRequest(f"http://127.0.0.1:{port}/", streaming_callback=take, request_timeout=600)
        assert len(client.fetch(request).body) == (nbytes if keep else 0)

    seconds = fastest(download)
    client.close()
    process.terminate()
    return nbytes / seconds


def fastest(call: Callable[[], Any]) -> float:
    """Give the least of some times."""
    found = []
    for _ in range(4):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def large(address: str, nbytes: int) -> None:
    """Compare a large fetch."""
    rates = {"dropped": raw(nbytes, keep=False), "kept": raw(nbytes, keep=True)}
    with mars_nb.new_session(address):
        t = mt.random.rand(nbytes // 8, chunk_size=nbytes // 8 // 128).execute()
        ours = nbytes / fastest(lambda: t.fetch(force=True))
    print(f"{nbytes / GIB:g} GiB fetched from a session at the gateway: {ours / GIB:.2f} GiB/s")
    for what, rate in rates.items():
        print(f"  by tornado, {what}: {rate / GIB:.2f} GiB/s; {ours / rate:.2f} times that")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("trivial", "many", "large"))
    parser.add_argument("--gib", type=float, default=1.0)
    wanted = parser.parse_args()
    mars_nb.options.show_progress = False
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit="4GiB") as cluster,
        gateway(cluster.scheduler_address) as address,
        Client(cluster, set_as_default=False) as client,
    ):
        if wanted.only in (None, "trivial"):
            trivial(address, client, 100)
        if wanted.only in (None, "many"):
            many(address, client, 10_000)
        if wanted.only in (None, "large"):
            large(address, int(wanted.gib * GIB) // PIECE * PIECE)


if __name__ == "__main__":
    main()
