"""Kernels for float32, instruction set avx2; compiled from src/ by setup.py."""
