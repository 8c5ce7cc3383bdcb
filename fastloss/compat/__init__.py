"""Other libraries' names, arguments and results, so that a pipeline switches by changing its import."""
