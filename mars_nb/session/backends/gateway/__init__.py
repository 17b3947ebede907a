"""The backend that computes behind a gateway: `GatewayBackend`; the other side is `mars_nb.gateway.driver`.

===============  ==============================================================================
module           what it is
===============  ==============================================================================
`connecting`     opening a session: which one, and would what is sent be understood
`session`        the session: names of results, reattaching, leaving
`backend`        executes and keeps, by requests and events
`run`            one execution, as events tell of it
`requests`       requests over HTTP, from any thread
`reading`        bringing results
`elsewhere`      results of other processes
`stream`         the events, over a websocket, on a thread
`recordings`     recordings as bytes (both sides)
`faults`         exceptions as bytes (both sides)
===============  ==============================================================================
"""
