"""Numbers about the gateway, in the text format of Prometheus. No name of a user, session or result is among them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import psutil

#: Labels and value of each sample of a metric.
Samples = Mapping[str, float]

#: The content type of the text.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts what happens; gauges are read when asked for.

    Examples
    --------
    >>> metrics = Metrics()
    >>> metrics.gauge("drivers", "Driver processes.", lambda: 2)
    >>> metrics.answered("GET", 200, 0.01)
    >>> print(metrics.text())
    # HELP mars_nb_gateway_requests_total Requests answered, by method and status.
    # TYPE mars_nb_gateway_requests_total counter
    mars_nb_gateway_requests_total{method="GET",status="200"} 1
    ...
    # TYPE mars_nb_gateway_drivers gauge
    mars_nb_gateway_drivers 2
    ...
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._started = time.time()
        self._answered: Counter[tuple[str, int]] = Counter()
        self._seconds = 0.0
        self._refused: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._gauges: list[tuple[str, str, Callable[[], float]]] = []

    def answered(self, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        known = method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} else "other"
        self._answered[known, status] += 1
        self._seconds += seconds

    def refused(self, kind: str) -> None:
        """Count a request that was refused."""
        self._refused[kind] += 1

    def moved(self, direction: str, nbytes: int) -> None:
        """Count bytes to (``in``) and from (``out``) drivers."""
        self._bytes[direction] += nbytes

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Add a number that is read when asked for."""
        self._gauges.append((name, help_text, read))

    def text(self) -> str:
        """Give all of it."""
        return "\n".join(line for part in self._parts() for line in part) + "\n"

    def _parts(self) -> Iterator[list[str]]:
        answered = {f'{{method="{method}",status="{status}"}}': n for (method, status), n in self._answered.items()}
        yield _metric("requests_total", "counter", "Requests answered, by method and status.", answered)
        yield _metric("requests_seconds_total", "counter", "Seconds until they were answered.", {"": self._seconds})
        refused = {f'{{kind="{kind}"}}': n for kind, n in self._refused.items()}
        yield _metric("refused_total", "counter", "Requests refused, by kind of error.", refused)
        moved = {f'{{direction="{direction}"}}': n for direction, n in self._bytes.items()}
        yield _metric("relayed_bytes_total", "counter", "Bytes passed to and from drivers.", moved)
        for name, help_text, read in self._gauges:
            yield _metric(name, "gauge", help_text, {"": read()})
        memory = self._process.memory_info().rss
        yield _metric("resident_memory_bytes", "gauge", "Memory of the gateway's process.", {"": memory})
        times = self._process.cpu_times()
        cpu = times.user + times.system
        yield _metric("cpu_seconds_total", "counter", "CPU time of the gateway's process.", {"": cpu})
        yield _metric("start_time_seconds", "gauge", "When the gateway started.", {"": self._started})


def _metric(name: str, kind: str, help_text: str, samples: Samples) -> list[str]:
    full = f"mars_nb_gateway_{name}"
    values = [f"{full}{labels} {value:.15g}" for labels, value in sorted(samples.items())]
    return [f"# HELP {full} {help_text}", f"# TYPE {full} {kind}", *values]
