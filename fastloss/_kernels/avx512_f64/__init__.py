"""Kernels for float64, instruction set avx512; compiled from src/ by setup.py."""
