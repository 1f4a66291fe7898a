"""Checks that the packages of an export are installed, before one of them is imported."""

from harness.core.extras import require

MERGING = ("torch", "transformers")
QUANTIZING = "llama_cpp"


def check_packages(
    *, doing: str = "exporting", is_gguf: bool = True, quantizes: bool = False
) -> None:
    """Raise a HarnessError that names the missing packages, and one command for all of them."""
    if not is_gguf:
        require(doing, *MERGING, extra="hf")
        return
    more = (QUANTIZING,) if quantizes else ()
    require(doing, *MERGING, "gguf", *more, extra="hf,gguf")
