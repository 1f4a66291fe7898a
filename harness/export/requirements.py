"""Checks that the packages of an export are installed, before one of them is imported."""

from importlib.util import find_spec

from harness.core.errors import HarnessError

ALWAYS = {"numpy": "numpy", "gguf": "gguf", "torch": "torch", "transformers": "transformers"}
QUANTIZING = {"llama_cpp": "llama-cpp-python"}
"""Name to install, by name to import."""


def check_packages(*, is_quantizing: bool = False, doing: str = "exporting") -> None:
    """Raise a HarnessError that names the missing packages."""
    wanted = ALWAYS | (QUANTIZING if is_quantizing else {})
    missing = [name for module, name in wanted.items() if find_spec(module) is None]
    if missing:
        raise HarnessError(
            f"{doing} needs {', '.join(missing)}, install with: pip install 'slm-harness[hf,gguf]'"
        )
