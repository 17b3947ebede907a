"""The kernel's half of the sidebar in JupyterLab and Notebook; the other half is in ``labextension/``.

`messages` says what the two say to each other. `collector` collects what there is, `panel` decides what a panel is told
of it, `feed` is the thread that does both, `desk` does what panels ask for, and `comms` is the way there.
"""
