"""Writes and checks what Ollama reads: a Modelfile with its prompt template."""
