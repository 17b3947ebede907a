"""Rules that bring rows of near keys together: sorts, joins, duplicates, alignment."""
