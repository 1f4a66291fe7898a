"""Looks into this installation for ``harness doctor``: packages, machine, store, hub, settings."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.core.case import JsonValue
from harness.core.errors import HarnessError
from harness.core.extras import DISTRIBUTION, install
from harness.core.portable import portable
from harness.files.cache_folder import STORE_VARIABLE, cache_folder
from harness.machine import packages
from harness.machine.accelerator import likely_device
from harness.machine.cores import usable_cores
from harness.machine.memory import MB, memory_limit_bytes
from harness.model_files import hub_state
from harness.model_files.finding import Finding, Level, note, problem, warning
from harness.run.settings import Settings, project_settings

THREADS = "OMP_NUM_THREADS"


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation as it was found, and its faults."""

    facts: Mapping[str, str]
    extras: tuple[packages.Extra, ...]
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Nothing is broken."""
        return all(finding.level is not Level.PROBLEM for finding in self.findings)

    def to_json(self) -> dict[str, JsonValue]:
        """``{"is_sound", "facts", "extras": [...]}``; the findings are written by the report."""
        extras: list[JsonValue] = [
            {
                "name": e.name,
                "gives": e.gives,
                "versions": dict(e.versions),
                "lacks": [*e.lacks],
                "install": e.install,
            }
            for e in self.extras
        ]
        return {"is_sound": self.is_sound, "facts": dict(self.facts), "extras": extras}


def examine(machine: Mapping[str, JsonValue], *, asks_hub: bool) -> Installation:
    """The installation, as it is used in the working directory.

    Args:
        machine: as ``harness.machine.hardware`` describes it.
        asks_hub: see whether the hub answers; nothing else here needs a network.
    """
    findings = [*_package_findings(), *_machine_findings(machine)]
    settings = _settings(findings)
    facts = {
        "device": likely_device(),
        "threads": _threads(findings),
        "memory limit": _memory_limit(machine),
        "tasks": _tasks(settings),
        "store": _store(settings, findings),
        "hub": _hub(findings, asks_hub=asks_hub),
    }
    return Installation(facts, packages.extras(), tuple(findings))


def _package_findings() -> Iterator[Finding]:
    for name in packages.missing():
        yield problem(name, "is not installed", install())
    for found in packages.mismatches():
        what = f"{found.version} is installed, {found.by} wants {found.wanted}"
        say = problem if found.by == DISTRIBUTION else warning
        yield say(found.package, what, f"pip install '{found.wanted}'")
    for clash in packages.clashes():
        versions = (packages.version_of(name) for name in (clash.package, clash.other))
        where = "{} {} with {} {}".format(*_paired((clash.package, clash.other), versions))
        yield problem(where, clash.what, clash.advice)


def _paired(names: tuple[str, str], versions: Iterator[str | None]) -> list[str]:
    return [str(part) for pair in zip(names, versions, strict=True) for part in pair]


def _machine_findings(machine: Mapping[str, JsonValue]) -> Iterator[Finding]:
    torch = packages.version_of("torch")
    if torch is not None and torch.endswith("+cpu") and likely_device() == "cuda":
        yield warning(
            f"torch {torch}", "is a build for CPUs, although there is an NVIDIA driver",
            "install torch's build for CUDA, or models run on the CPU",
        )  # fmt: skip
    cpu = machine["cpu"]
    features = cpu["features"] if isinstance(cpu, dict) else None
    has_amx = isinstance(features, list) and "amx_int8" in features
    if has_amx and packages.version_of("llama-cpp-python") is not None:
        yield note(
            "llama-cpp-python", "gcc 12 compiles its AMX code wrongly: quantised models then crash",
            "where they do, install it again with CFLAGS and CXXFLAGS=-U__AMX_INT8__",
        )  # fmt: skip


def _settings(findings: list[Finding]) -> Settings:
    try:
        return project_settings()
    except HarnessError as error:
        findings += [problem("settings", mistake, "mend it") for mistake in error.mistakes]
        return Settings()


def _threads(findings: list[Finding]) -> str:
    cores, set_to = usable_cores(), os.environ.get(THREADS, "")
    if set_to.isdecimal() and int(set_to) > cores:
        what = f"{set_to} threads on {cores} usable cores slow one another"
        findings.append(warning(THREADS, what, f"unset it, or set it to {cores}"))
    return f"{cores} usable cores" + (f", {THREADS}={set_to}" if set_to else "")


def _memory_limit(machine: Mapping[str, JsonValue]) -> str:
    limit, total = round(memory_limit_bytes() / MB), machine["memory_mb"]
    is_limited = isinstance(total, int) and limit < total
    return f"{limit:,} MB, by the container" if is_limited else "none below the machine's own"


def _tasks(settings: Settings) -> str:
    from harness.tasks.task import TASK_FILE

    folder = Path(settings.tasks_dir)
    count = sum(1 for _ in folder.glob(f"*/{TASK_FILE}"))
    return f"{count} in {settings.tasks_dir}" if count else f"none in {settings.tasks_dir}"


def _store(settings: Settings, findings: list[Finding]) -> str:
    from harness.records.completions import Completions
    from harness.records.completions_file import StoreFailed

    folder = cache_folder(settings.store)
    if folder is None:
        return f"turned off, by {STORE_VARIABLE} or store in [tool.harness]"
    try:
        store = Completions(folder)
        try:
            with store.transaction():
                size = store.size_bytes / 1e6
        finally:
            store.close()
    except StoreFailed as error:
        advice = f"runs go on without it: name another folder in {STORE_VARIABLE}"
        findings.append(problem("store", str(error), advice))
        return "does not work"
    if store.note is not None:
        findings.append(warning("store", store.note, "its answers are generated again"))
    return f"{portable(str(folder))}, {size:,.1f} MB"


def _hub(findings: list[Finding], *, asks_hub: bool) -> str:
    count = hub_state.cached_models()
    kept = f"{count} models in {portable(str(hub_state.cache()))}"
    if variable := hub_state.offline_by():
        return f"offline ({variable}), {kept}"
    if not asks_hub:
        return f"not asked (--hub asks it), {kept}"
    reason = hub_state.problem_reaching()
    if reason is None:
        return f"{hub_state.url()} answers, {kept}"
    advice = f"models that were downloaded work; {hub_state.OFFLINE}=1 saves the waiting"
    findings.append(warning("hub", f"{hub_state.url()} is not reached ({reason})", advice))
    return f"not reached, {kept}"
