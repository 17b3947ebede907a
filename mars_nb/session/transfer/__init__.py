"""Results that leave their session: to a directory and back, or along to a cluster.

Unlike all else here but the public functions, this stands on top of sessions: no session needs it to work.
"""
