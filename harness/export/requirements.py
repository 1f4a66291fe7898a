"""Checks that the packages of an export are installed, before one of them is imported."""

from harness.core.extras import ExtraMissing, install, is_installed

ALWAYS = {"numpy": "numpy", "gguf": "gguf", "torch": "torch", "transformers": "transformers"}
QUANTIZING = {"llama_cpp": "llama-cpp-python"}
"""Name to install, by name to import."""


def check_packages(*, is_quantizing: bool = False, doing: str = "exporting") -> None:
    """Raise ExtraMissing that names the missing packages."""
    wanted = ALWAYS | (QUANTIZING if is_quantizing else {})
    missing = [name for module, name in wanted.items() if not is_installed(module)]
    if missing:
        raise ExtraMissing(f"{doing} needs {', '.join(missing)}, {install('hf', 'gguf')}")
