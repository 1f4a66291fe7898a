"""Runs transformers models: loading, quantisation, batched decoding."""
