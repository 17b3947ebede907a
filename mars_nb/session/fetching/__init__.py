"""Bringing results: how they are read in parts, how much may be brought at once, and the error where there are none."""
