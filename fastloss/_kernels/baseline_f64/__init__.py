"""Kernels for float64, instruction set baseline; compiled from src/ by setup.py."""
