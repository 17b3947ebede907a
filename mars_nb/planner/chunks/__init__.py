"""Rules that keep rows where they are: an operation on each chunk, rows picked, rows numbered anew."""
