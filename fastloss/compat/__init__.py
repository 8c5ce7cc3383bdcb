"""Faces of other libraries: the same names, arguments and results, so that a pipeline switches by its import."""
