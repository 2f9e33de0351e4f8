"""A synthetic caller: takes a token like a browser, speaks, listens, measures, passes or fails."""
