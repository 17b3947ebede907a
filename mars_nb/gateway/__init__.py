"""The gateway to a Dask cluster: one port, tokens, sessions that outlive a kernel.

Started by ``mars-nb-cluster``. The gateway's own process authenticates, counts and passes on. It reads JSON and never
unpickles: what users record is opaque bytes to it, which go to that user's own driver process.

======================  ==============================================================================
module                  what it is
======================  ==============================================================================
`cli`                   the command line
`server`                starting and stopping: directory, port, signals
`app`                   the routes, and what their handlers share
`door`                  what every request passes: host, origin, token, rate; how errors are told
`refused`               what is answered to a request that is not served
`auth`, `limits`        users and logins; rates and sizes (pure)
`shapes`                the routes of the drivers, and what their bodies look like (pure)
`proxy`, `relay`        requests and event streams to a driver and back
`upstream`              a request to a driver's socket, streamed
`drivers`, `embedded`   a driver process for each user; the embedded cluster's process
`child`, `lock`         processes of the gateway's; files that tell whether a process lives
`pages`, `dashboard`    the web page; Dask's dashboard under the same login
`metrics`               numbers for Prometheus
======================  ==============================================================================

In processes of their own are `engine` (the embedded Dask cluster; its workers load `quiet`) and the package `driver`.
`parent` is their side of `child`.
"""
