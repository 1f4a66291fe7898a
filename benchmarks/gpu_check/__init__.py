"""Checks on a CUDA GPU, see ``benchmarks/gpu_check/__main__.py``."""
