"""The routes of the gateway, and what its handlers share."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tornado import web

from mars_nb.gateway import dashboard, pages
from mars_nb.gateway.auth import Logins, Users
from mars_nb.gateway.door import Missing, Place, log_request
from mars_nb.gateway.drivers import Drivers
from mars_nb.gateway.limits import AtATime, Clock, Limits, Rates
from mars_nb.gateway.metrics import Metrics
from mars_nb.gateway.proxy import DriverHandler
from mars_nb.gateway.relay import PING_S, EventsHandler


@dataclass
class Gateway:
    """What all requests share. Used on the event loop's thread only.

    Attributes
    ----------
    place
        Where the gateway is.
    users, logins
        Who may come in.
    drivers
        Where requests go.
    limits
        What is let through.
    clock
        Seconds since the epoch.
    rates, requests, sockets
        What each user has used of the limits.
    metrics
        What is counted.
    streams
        The event streams that are open.
    """

    place: Place
    users: Users
    drivers: Drivers
    limits: Limits = field(default_factory=Limits)
    clock: Clock = time.time
    logins: Logins = field(init=False)
    rates: Rates = field(init=False)
    requests: AtATime = field(init=False)
    sockets: AtATime = field(init=False)
    metrics: Metrics = field(default_factory=Metrics)
    streams: set[EventsHandler] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.logins = Logins(self.users, self.clock)
        self.rates = Rates(self.limits, time.monotonic)
        self.requests = AtATime(self.limits.requests)
        self.sockets = AtATime(self.limits.sockets)
        for name, help_text, read in (
            ("drivers", "Driver processes.", lambda: len(self.drivers)),
            ("drivers_started", "Driver processes started.", lambda: self.drivers.started),
            ("drivers_lost", "Driver processes that ended with an error.", lambda: self.drivers.lost),
            ("requests", "Requests to drivers under way.", lambda: len(self.requests)),
            ("event_streams", "Event streams open.", lambda: len(self.sockets)),
            ("logins", "Logins of browsers.", lambda: len(self.logins)),
        ):
            self.metrics.gauge(name, help_text, read)


def make_app(gateway: Gateway) -> web.Application:
    """Make the application."""
    shared = {"gateway": gateway}
    return web.Application(
        [
            (r"/", pages.Home, shared),
            (r"/login", pages.LoginForm, shared),
            (r"/static/([a-z]{1,20}\.[a-z]{1,4})", pages.File, shared),
            (r"/health", pages.Health, shared),
            (r"/metrics", pages.MetricsText, shared),
            (r"/api/v1/login", pages.LoginState, shared),
            (r"/api/v1/sessions/[^/]*/events", EventsHandler, shared),
            (r"/api/v1/.*", DriverHandler, shared),
            *((pattern, handler, shared) for pattern, handler in dashboard.ROUTES),
        ],
        default_handler_class=Missing,
        default_handler_args=shared,
        log_function=log_request,
        websocket_ping_interval=PING_S,
    )
