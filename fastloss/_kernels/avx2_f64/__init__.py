"""Kernels for float64, instruction set avx2; compiled from src/ by setup.py."""
