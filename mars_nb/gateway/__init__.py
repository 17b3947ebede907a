"""The gateway to a Dask cluster: one port, tokens, sessions that outlive a kernel.

Started by ``mars-nb-cluster``. The gateway's own process (all modules here but `engine` and the package `driver`)
authenticates, counts and passes on. It reads JSON and never unpickles: what users record is opaque bytes to it, which
go to that user's own driver process.

======================  ==============================================================================
module                  what it is
======================  ==============================================================================
`cli`                   the command line
`server`                starting and stopping: socket, signals, private directory
`app`                   the routes
`door`                  what every request passes: host, origin, token, rate; how errors are told
`auth`, `limits`        users and logins; rates and sizes (pure)
`shapes`                the routes of the drivers, and what their bodies look like (pure)
`proxy`, `relay`        requests and event streams to a driver and back
`drivers`, `child`      a driver process for each user
`engine`                the embedded Dask cluster, a process of its own
`pages`, `dashboard`    the web page; Dask's dashboard under the same login
`metrics`               numbers for Prometheus
======================  ==============================================================================
"""
