"""Which packages an export needs, found missing before one of them is imported."""

from importlib.util import find_spec

from harness.core.errors import HarnessError

ALWAYS = {"numpy": "numpy", "gguf": "gguf", "torch": "torch", "transformers": "transformers"}
QUANTIZING = {"llama_cpp": "llama-cpp-python"}
"""By the name that is imported, the name that is installed."""


def check_packages(*, is_quantizing: bool = False) -> None:
    """Raise a HarnessError that names what is missing."""
    wanted = ALWAYS | (QUANTIZING if is_quantizing else {})
    missing = [name for module, name in wanted.items() if find_spec(module) is None]
    if missing:
        raise HarnessError(
            f"exporting needs {', '.join(missing)}, install with: "
            "pip install 'slm-harness[hf,gguf]'"
        )
