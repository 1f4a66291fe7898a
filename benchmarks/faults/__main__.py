"""Injects faults into real commands over the bundled tiny models, and judges how each one ends.

    python -m benchmarks.faults                        110 of them, writes results/faults.json
    python -m benchmarks.faults --count 20 --seed 3    other ones, fewer, only printed
    python -m benchmarks.faults --only "pytest gguf"   all of one command

Each fault strikes a command in a fresh copy of a project: signals to the command, to its model's
process, at a moment in time or at its k-th change to a file; a disk that is full, read-only, or
refuses one write; files swapped while they are used; an output that is closed, full or no longer
read. Afterwards no child may live, the exit code is one that the documentation names, what was
made is whole or absent, a record has all answers or says what it lacks, and the command, run once
more, ends as it always does and clears what was left. Filling and locking a disk needs the right
to mount.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.faults.commands import COMMANDS, ROOT, Command, build
from benchmarks.faults.injection import Fault, Struck, run
from benchmarks.faults.judgement import After, Usual, made_by, problems
from harness.machine.environment import environment

RESULTS = ROOT / "benchmarks/results/faults.json"
COUNT = 110
SPARE_BYTES = (0, 4096, 200_000, 2_000_000)
"""Free on a full disk; the least that lets a command begin is among them."""
DISK_BYTES = 256 << 20


@dataclass(frozen=True)
class Scenario:
    """A command and its fault."""

    command: Command
    fault: Fault


@dataclass(frozen=True)
class Ended:
    """How a scenario ended."""

    scenario: Scenario
    struck: Struck
    problems: list[str]

    def described(self) -> dict[str, object]:
        fault = asdict(self.scenario.fault) | {"moment": round(self.scenario.fault.moment, 2)}
        return {
            "command": self.scenario.command.name,
            "fault": {k: v for k, v in fault.items() if v != ""},
            "was_struck": self.struck.was_struck,
            "exit_code": self.struck.code,
            "seconds": round(self.struck.seconds, 1),
            "problems": self.problems,
        }


def scenarios(
    command: Command, usual: Usual, chance: random.Random, can_mount: bool
) -> list[Fault]:
    """The faults of one command; moments are drawn."""
    moment = lambda: chance.uniform(0.05, 0.9)  # noqa: E731
    found = [
        Fault("controller", name, moment()) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGSTOP")
    ]
    changes = usual.struck.changes
    for action in ("SIGKILL", "SIGINT", "ENOSPC", "EACCES") if changes else ():
        found.append(Fault("itself", action, chance.randint(1, changes)))
    if command.has_model:
        actions = ("SIGKILL", "SIGSEGV", "SIGSTOP", *(["hang"] if command.is_pytest else []))
        found += [Fault("model", action, moment()) for action in actions]
    found += [Fault("output", action) for action in ("closed", "full", "head")]
    for file in command.used:
        found.append(
            Fault("file", chance.choice(("replaced", "overwritten", "cut")), moment(), file)
        )
    if command.is_run:
        found.append(Fault("disk", "deleted", moment()))
    if can_mount and command.made:
        found.append(Fault("disk", f"full {chance.choice(SPARE_BYTES)}"))
        found.append(Fault("disk", "read-only", chance.choice((0.0, moment()))))
    return found


def inject(scenario: Scenario, project: Path, usual: Usual) -> Ended:
    """One fault in a copy of the project, and the same command again after it."""
    command, fault = scenario.command, scenario.fault
    with _copy(project, has_disk=fault.kind == "disk" and fault.action != "deleted") as root:
        spare = fault.action.partition(" ")[2]
        filler = _fill(root, int(spare)) if spare else None
        struck = run(command, root, None if spare else fault, usual.struck.seconds)
        struck.was_struck |= bool(spare)
        if fault.action == "read-only":
            subprocess.run(["mount", "-o", "remount,rw", root], check=True)
        if filler is not None:
            filler.unlink()
        first = made_by(command, root)
        once_more = command
        if command.made and not command.is_run and (root / command.made).exists():
            once_more = replace(command, arguments=(*command.arguments, *command.again))
        again = run(once_more, root, None, usual.struck.seconds)
        after = After(first, made_by(command, root), again)
        return Ended(scenario, struck, problems(command, fault, root, struck, usual, after))


@contextmanager
def _copy(project: Path, has_disk: bool) -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="faults-")).resolve()
    if has_disk:
        options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs"]
        subprocess.run(["mount", *options, root], check=True)
    try:
        shutil.copytree(project, root, dirs_exist_ok=True)
        yield root
    finally:
        if has_disk:
            subprocess.run(["umount", root], check=True)
        shutil.rmtree(root)


def _fill(root: Path, spare_bytes: int) -> Path:
    """Fill the disk but for so many bytes."""
    filler = root / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(root).free - spare_bytes)
    return filler


def _can_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True)
        return done.returncode == 0 and not subprocess.run(["umount", folder]).returncode


def usual_of(command: Command, project: Path) -> Usual:
    """The command without a fault."""
    with _copy(project, has_disk=False) as root:
        return Usual.of(command, root, run(command, root, None, 0.0))


def campaign(
    commands: Sequence[Command], seed: int, count: int, jobs: int, on_end: Callable[[Ended], None]
) -> list[Ended]:
    """Inject so many faults, drawn from all of the commands'; the same ones for a seed."""
    # Children inherit an ignored Ctrl-C, as a shell's background jobs have it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    can_mount = _can_mount()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, ThreadPoolExecutor(jobs) as pool:
        project = Path(folder)
        build(project)
        usual = dict(zip(commands, pool.map(lambda c: usual_of(c, project), commands), strict=True))
        found = [
            Scenario(c, f) for c in commands for f in scenarios(c, usual[c], chance, can_mount)
        ]
        chosen = found if len(found) <= count else chance.sample(found, count)

        def injected(scenario: Scenario) -> Ended:
            ended = inject(scenario, project, usual[scenario.command])
            on_end(ended)
            return ended

        return list(pool.map(injected, chosen))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--only", default="", metavar="COMMAND")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    started = time.monotonic()
    chosen = [c for c in COMMANDS if asked.only in c.name]
    ended = campaign(chosen, asked.seed, asked.count, asked.jobs, _print)
    wrong = [e for e in ended if e.problems]
    print(f"{len(ended)} faults, {len(wrong)} ended wrong, {time.monotonic() - started:.0f} s")
    if asked.count == COUNT and not asked.only:
        RESULTS.write_text(json.dumps(_results(ended, asked.seed, started), indent=1) + "\n")
    return int(bool(wrong))


def _print(ended: Ended) -> None:
    scenario, struck = ended.scenario, ended.struck
    moment = f"at {scenario.fault.moment:.2f}" if struck.was_struck else "too late"
    end = f"{struck.code}, {struck.seconds:.1f} s"
    print(f"{scenario.command.name}: {scenario.fault} {moment}: {end}", flush=True)
    for problem in ended.problems:
        print(f"    {problem}", flush=True)


def _results(ended: Sequence[Ended], seed: int, started: float) -> dict[str, object]:
    kinds = Counter(e.scenario.fault.kind for e in ended)
    return {
        "environment": dict(environment()),
        "seed": seed,
        "seconds": round(time.monotonic() - started),
        "faults": len(ended),
        "struck": sum(e.struck.was_struck for e in ended),
        "hung": sum(e.struck.is_hung for e in ended),
        "ended_wrong": sum(bool(e.problems) for e in ended),
        "by_kind": dict(kinds),
        "scenarios": [e.described() for e in ended],
    }


if __name__ == "__main__":
    sys.exit(main())
