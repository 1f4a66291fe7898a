"""The packages of this installation: which extras are whole, which versions do not go together.

Nothing is imported to find out: pip's own notes are read.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from harness.core.extras import DISTRIBUTION, install

CHECKOUT = Path(__file__).parents[2] / "pyproject.toml"
"""The declarations of this checkout; pip's notes of an editable installation may be older."""
GIVES: Mapping[str, str] = {
    "hf": "base:, adapter: and merged: models; harness export merge",
    "gguf": "gguf: models; harness export gguf and lora, harness import gguf",
    "endpoint": "endpoint: models, behind a server",
    "train": "harness train and improve",
    "data": "Parquet files; the search for secrets in training data",
    "serve": "harness serve",
    "constrained": "--decode constrained",
    "generate": "--generate N",
    "ray": "--engine ray",
    "real": "a real model of 93 MB to try things on",
}
"""Extras, the most wanted first; those for working on the harness itself are left out."""


@dataclass(frozen=True, slots=True)
class Extra:
    """An extra of the harness, as far as it is installed."""

    name: str
    gives: str
    versions: Mapping[str, str]
    """Versions of its packages that are installed."""
    lacks: tuple[str, ...]
    """Its packages that are not."""

    @property
    def install(self) -> str:
        """The command that installs it."""
        return install(self.name)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An installed package of a version that another one does not take."""

    package: str
    version: str
    wanted: str
    """As in ``torch>=2.6``."""
    by: str
    """The package that wants it."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Versions of two packages that are known not to work together, whatever they declare."""

    package: str
    versions: str
    other: str
    other_versions: str
    what: str
    advice: str


CLASHES = (
    # https://github.com/huggingface/peft/pull/2735
    Clash("peft", "<0.18", "transformers", ">=5",
          "peft cannot be imported, it looks for HybridCache",
          "pip install 'peft>=0.18'"),
    # https://github.com/ray-project/ray/issues/56747
    Clash("ray", "<2.50", "click", ">=8.3",
          "the command ray fails at its start (is not a valid Sentinel)",
          "pip install 'ray>=2.50', or 'click<8.2' for the command"),
)  # fmt: skip


def extras() -> tuple[Extra, ...]:
    """The extras in the order of ``GIVES``."""
    by_extra = _declared()[1]
    return tuple(
        _extra(name, gives, by_extra[name]) for name, gives in GIVES.items() if name in by_extra
    )


def _extra(name: str, gives: str, wanted: list[Requirement]) -> Extra:
    found = {r.name: version_of(r.name) for r in wanted}
    versions = {package: version for package, version in found.items() if version is not None}
    return Extra(name, gives, versions, tuple(p for p in found if p not in versions))


def missing() -> tuple[str, ...]:
    """Packages without which the harness is not whole, and which are not installed."""
    return tuple(r.name for r in _declared()[0] if version_of(r.name) is None)


def mismatches() -> Iterator[Mismatch]:
    """Installed packages whose version the harness, or one of the packages that it names, does not
    take; those of the harness come first."""
    always, by_extra = _declared()
    optional = [r for name in GIVES for r in by_extra.get(name, [])]
    wanted = {str(r): r for r in (*always, *optional)}
    yield from _mismatched(wanted.values(), DISTRIBUTION)
    for name in dict.fromkeys(r.name for r in wanted.values()):
        yield from _mismatched(_requirements(name), name)


def clashes() -> Iterator[Clash]:
    """The known clashes of installed versions."""
    for clash in CLASHES:
        if _is_in(clash.package, clash.versions) and _is_in(clash.other, clash.other_versions):
            yield clash


def version_of(package: str) -> str | None:
    """The installed version; ``None`` where there is none."""
    try:
        return Distribution.from_name(package).version
    except PackageNotFoundError:
        return None


def _is_in(package: str, versions: str) -> bool:
    version = version_of(package)
    return version is not None and SpecifierSet(versions).contains(version, prereleases=True)


def _mismatched(requirements: Iterable[Requirement], by: str) -> Iterator[Mismatch]:
    for wanted in requirements:
        version = version_of(wanted.name)
        if version is not None and not wanted.specifier.contains(version, prereleases=True):
            yield Mismatch(wanted.name, version, f"{wanted.name}{wanted.specifier}", by)


def _requirements(package: str) -> Iterator[Requirement]:
    """The requirements of an installed package on this machine, without its own extras."""
    try:
        texts = Distribution.from_name(package).requires or []
    except PackageNotFoundError:
        return
    for text in texts:
        with suppress(InvalidRequirement):
            wanted = Requirement(text)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                yield wanted


@cache
def _declared() -> tuple[list[Requirement], dict[str, list[Requirement]]]:
    """The requirements of the harness, those of every installation and those of each extra."""
    try:
        project = tomllib.loads(CHECKOUT.read_text("utf-8"))["project"]
        if project["name"] == DISTRIBUTION:
            optional = project["optional-dependencies"]
            return (
                [*map(Requirement, project["dependencies"])],
                {name: [*map(Requirement, texts)] for name, texts in optional.items()},
            )
    except (OSError, ValueError, KeyError):
        pass  # It is installed from a wheel.
    return _noted()


def _noted() -> tuple[list[Requirement], dict[str, list[Requirement]]]:
    """The same as pip noted it."""
    try:
        notes = Distribution.from_name(DISTRIBUTION)
    except PackageNotFoundError:
        return [], {}
    wanted = [*map(Requirement, notes.requires or [])]
    always = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    others = [r for r in wanted if r not in always]
    names = notes.metadata.get_all("Provides-Extra") or []
    return always, {n: [r for r in others if _belongs(r, n)] for n in names}


def _belongs(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is not None and requirement.marker.evaluate({"extra": extra})
