"""Exports models and adapters: merged folders, GGUF files, LoRA GGUF files.

Reads safetensors one tensor at a time, writes through the official ``gguf`` package and quantises
with llama.cpp's own quantiser. Nothing here loads a whole model, except for adapters that only peft
can merge.
"""
