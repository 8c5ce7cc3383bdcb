"""Kernels for float32, instruction set avx512; compiled from src/ by setup.py."""
