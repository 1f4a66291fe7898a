"""The service that runs a project's gate, and the file that service reads."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from harness.files.regular import read_regular

FILES = {"github": ".github/workflows/gate.yml", "gitlab": ".gitlab-ci.yml"}
"""By service, as files are named below a project and where they are maintained."""
INCLUDED = ".gitlab/gate.yml"
"""The job's place in a project whose ``.gitlab-ci.yml`` is its own."""
NONE = "none"
SERVICES = (*FILES, NONE)
SECONDS = 2.0
"""A repository that answers slower than this has no remote."""
_HOST = re.compile(r"(?:[a-z+]+://)?(?:[^@/]*@)?(?P<host>[^/:]+)[/:]")


def service_of(folder: Path) -> str:
    """The service by the remotes of the repository around ``folder``, ``origin`` first, else by a
    ``.gitlab-ci.yml`` that is there; GitHub where nothing tells."""
    for host in _hosts(folder):
        if named := next((name for name in FILES if name in host), None):
            return named
    return "gitlab" if (folder / FILES["gitlab"]).is_file() else "github"


def place_of(service: str, folder: Path) -> str:
    """The file to write below ``folder``: beside a ``.gitlab-ci.yml`` that has no gate, another."""
    name = FILES[service]
    has_own = service == "gitlab" and (folder / name).is_file() and not _has_gate(folder / name)
    return INCLUDED if has_own else name


def _has_gate(file: Path) -> bool:
    text = read_regular(file).decode("utf-8", "replace")
    return "harness gate" in text or INCLUDED in text


def _hosts(folder: Path) -> Iterator[str]:
    """The hosts of the remotes, in lower case; none without git or a repository."""
    there = next(
        above for above in (folder.absolute(), *folder.absolute().parents) if above.is_dir()
    )
    command = ["git", "-C", str(there), "config", "-z", "--get-regexp", r"^remote\..*\.url$"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return
    entries = done.stdout.decode("utf-8", "replace").split("\0")
    remotes = dict(entry.partition("\n")[::2] for entry in entries)
    for name in sorted(remotes, key=lambda name: name != "remote.origin.url"):
        if found := _HOST.match(remotes[name]):
            yield found["host"].lower()
