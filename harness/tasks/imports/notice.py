"""``NOTICE`` of an imported task: where its cases come from, and what to know of their verdicts."""

from collections.abc import Iterator, Sequence

from harness.core.printable import printable
from harness.tasks.imports.rows import Benchmark, Refused
from harness.tasks.imports.source import Source

NOTICE_FILE = "NOTICE"
MAX_HASHES = 20
"""Files whose hashes are listed one by one; those of more are hashed together."""


def notice(
    benchmark: Benchmark, source: Source, rows: int, cases: int, refused: Sequence[Refused]
) -> str:
    """The text of the file."""
    return "".join(f"{line}\n" for line in _lines(benchmark, source, rows, cases, refused))


def _lines(
    benchmark: Benchmark, source: Source, rows: int, cases: int, refused: Sequence[Refused]
) -> Iterator[str]:
    licence = source.licence()
    yield f"{benchmark.title}, imported as a task of slm-harness."
    yield ""
    yield f"Source: {source.path.name or source.path}"
    yield f"Commit: {source.commit() or 'unknown, the source says none'}"
    yield from _hashes(source)
    yield f"Licence: {f'{licence.title} ({licence.file}, below)' if licence else _NO_LICENCE}"
    yield f"Rows: {rows:,} read, {cases:,} cases, {len(refused):,} refused"
    if source.links:
        yield f"Links: {len(source.links):,} in the source were not followed"
    if benchmark.differences:
        yield from ("", "Verdicts that differ from the benchmark's own:", "")
        yield from (f"- {difference}" for difference in benchmark.differences)
    if refused:
        yield from ("", "Refused:", "")
        yield from (f"- {printable(r.where)}: {printable(r.reason)}" for r in refused)
    if licence:
        yield from ("", f"{licence.file} of the source:", "", licence.text.rstrip())


_NO_LICENCE = "none stands in the source, ask its authors before you pass this folder on"


def _hashes(source: Source) -> Iterator[str]:
    if len(source.sha256) <= MAX_HASHES:
        yield from (f"SHA-256 of {printable(n)}: {d}" for n, d in sorted(source.sha256.items()))
    else:
        yield f"SHA-256 of the list of {len(source.sha256):,} files: {source.whole_sha256()}"
