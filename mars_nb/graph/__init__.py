"""The recording: what the user's lines mean, without running any of them.

A *node* is one recorded operation with its inputs and the line it was recorded on. A *tileable* is what the
user holds: a node plus a claim on the node's results. This package knows no session, no file and no thread.
"""
