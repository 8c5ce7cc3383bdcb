"""Kernels for float32, instruction set baseline; compiled from src/ by setup.py."""
