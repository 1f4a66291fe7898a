"""Turns what was trained into what is shipped: merged folders, GGUF files, LoRA GGUF files.

Reads safetensors one tensor at a time and writes through the official ``gguf`` package; quantises
with llama.cpp's own quantiser. Nothing here loads a whole model, but for an adapter that only peft
knows how to merge.
"""
