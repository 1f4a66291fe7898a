"""Which packages an export needs, found missing before one of them is imported."""

from importlib.util import find_spec

from harness.core.errors import HarnessError

ALWAYS = {"numpy": "numpy", "gguf": "gguf", "torch": "torch", "transformers": "transformers"}
QUANTISING = {"llama_cpp": "llama-cpp-python"}
"""By the name that is imported, the name that is installed."""


def check_packages(*, is_quantising: bool = False) -> None:
    """Raise a HarnessError that names what is missing."""
    wanted = ALWAYS | (QUANTISING if is_quantising else {})
    missing = [name for module, name in wanted.items() if find_spec(module) is None]
    if missing:
        raise HarnessError(
            f"exporting needs {', '.join(missing)}, install with: "
            "pip install 'slm-harness[hf,gguf]'"
        )
