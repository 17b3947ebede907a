"""Files and tables of databases: how they are cut, read in parts, and written in one step.

Nothing here knows of recordings or sessions. A reader (`mars_nb.files.reader.Reader`) says how many parts there are
and reads one; a writer (`mars_nb.files.writing.Writer`) writes one, and in the end puts all that was written in place.
"""
