"""axe-core, the accessibility checker, in the pinned version that npm has of it.

It is fetched once, into a folder outside the work tree's files, and held to its digest. It runs in
a world of its own in the page: the page's policy lets in no script but its own, and keeps doing so.
"""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.report.chromium import Page

VERSION = "4.14.1"
SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
"""The digest of the package as npm packs it."""
MEMBER = "package/axe.min.js"
MAX_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that the page breaks."""

    rule: str
    impact: str
    """``minor``, ``moderate``, ``serious`` or ``critical``."""
    help: str
    places: tuple[str, ...]
    """A selector of each element, and what is wrong there."""

    def __str__(self) -> str:
        return "\n  ".join((f"{self.impact}: {self.rule}, {self.help}", *self.places))


def source(cache: Path) -> str | None:
    """The checker's script; ``None`` where npm is missing or cannot reach its registry.

    Raises:
        AssertionError: what npm brought is not the pinned package.
    """
    package = cache / f"axe-core-{VERSION}.tgz"
    if not package.exists() and not _fetched(cache):
        return None
    data = package.read_bytes()
    assert hashlib.sha256(data).hexdigest() == SHA256, f"{package}: not the pinned axe-core"
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        member = archive.extractfile(MEMBER)
        assert member is not None
        return member.read().decode()


def violations(page: Page, script: str) -> list[Violation]:
    """Axe's findings in the page as it stands, the gravest first."""
    evaluate = page.aside()
    evaluate(f"{script}; null")
    found = json.loads(evaluate("axe.run(document).then((r) => JSON.stringify(r.violations))"))
    order = ["critical", "serious", "moderate", "minor"]
    kept = [
        Violation(
            v["id"],
            v["impact"],
            v["help"],
            tuple(
                f"{' '.join(map(str, n['target']))}: {' '.join(n['failureSummary'].split())}"
                for n in v["nodes"]
            ),
        )
        for v in found
    ]
    return sorted(kept, key=lambda v: order.index(v.impact))


def _fetched(cache: Path) -> bool:
    """True where npm brought the package into ``cache``; it comes whole or not at all."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [npm, "pack", f"axe-core@{VERSION}", "--ignore-scripts", "--silent"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=MAX_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        brought = Path(folder) / f"axe-core-{VERSION}.tgz"
        if done.returncode or not brought.exists():
            return False
        brought.replace(cache / brought.name)
    return True
