"""A user's driver: the process that unpickles what this user records, and has it computed by a Dask cluster.

Started by the gateway, which alone talks to it. All of its state is on one event loop's thread; what takes time
(unpickling, planning, reading results) is done on a few threads.

==============  ==============================================================================
module          what it is
==============  ==============================================================================
`__main__`      starting and stopping
`app`           the routes
`driver`        what the sessions share: Dask's client, the table of sessions, the uploads
`hosted`        one session: runs, results, events
`runs`          one execution
`table`         names, ages and ends of sessions (pure)
`journal`       events, kept for who comes back (pure)
`uploads`       large buffers, as files
==============  ==============================================================================
"""
