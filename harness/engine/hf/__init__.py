"""Runs transformers models: loading, quantisation, decoding in batches."""
