"""Where data comes from and goes to: data given, random draws, files read in parts and written."""
