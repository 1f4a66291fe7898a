"""Sources as strangers make them: links, pointers, broken text, other people's git settings."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from harness.tasks.imports import importing
from harness.tasks.imports import source as sources
from harness.tasks.imports.ifstruct import ifstruct
from harness.tasks.imports.importing import Imported, import_task
from harness.tasks.imports.source import Source, Unreadable
from tests.benchmark_rows import IFSTRUCT

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def row(**changes: Any) -> bytes:
    return json.dumps({**IFSTRUCT, **changes}).encode() + b"\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    (folder / "data").mkdir(parents=True)
    (folder / "data/test.jsonl").write_bytes(row())
    return folder


def imported(clone: Path, **options: Any) -> Imported:
    source = Source(clone)
    return import_task(ifstruct(source), source, clone.parent / "task", **options)


def test_the_notice_says_where_it_comes_from(clone: Path) -> None:
    (clone / "LICENSE").write_text("   Apache License\n  Version 2.0, January 2004\n\nTerms\n")
    (clone / ".git/refs/heads").mkdir(parents=True)
    (clone / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (clone / ".git/refs/heads/main").write_text(f"{COMMIT}\n")
    done = imported(clone)
    assert (done.commit, done.licence) == (COMMIT, "Apache License, Version 2.0, January 2004")
    lines = (done.folder / "NOTICE").read_text().splitlines()
    digest = hashlib.sha256(row()).hexdigest()
    assert {f"Commit: {COMMIT}", f"SHA-256 of data/test.jsonl: {digest}"} <= {*lines}
    assert lines[-1] == "Terms"
    assert {*(p.name for p in done.folder.iterdir())} == {"NOTICE", "task.yaml", "cases.jsonl"}


@pytest.mark.parametrize(
    ("head", "packed", "commit"),
    [
        (COMMIT, "", COMMIT),
        ("ref: refs/heads/main", f"# pack-refs\n{COMMIT} refs/heads/main\n", COMMIT),
        ("ref: refs/heads/main", f"{COMMIT} refs/heads/other\n", None),
        ("ref: refs/heads/../../../secret", "", None),
        ("ref: /etc/passwd", "", None),
        ("what", "", None),
    ],
)
def test_the_commit_of_a_clone(clone: Path, head: str, packed: str, commit: str | None) -> None:
    (clone / ".git").mkdir()
    (clone / ".git/HEAD").write_text(head)
    (clone / ".git/packed-refs").write_text(packed)
    (clone.parent / "secret").write_text(COMMIT)
    assert Source(clone).commit() == commit


def test_a_clone_without_git_or_licence_says_so(clone: Path) -> None:
    done = imported(clone)
    assert (done.commit, done.licence) == (None, None)
    notice = (done.folder / "NOTICE").read_text()
    assert "Commit: unknown" in notice
    assert "Licence: none stands in the source" in notice


def test_of_a_file_no_commit_is_guessed(clone: Path) -> None:
    (clone / ".git").mkdir()
    (clone / ".git/HEAD").write_text(COMMIT)
    assert Source(clone / "data/test.jsonl").commit() is None


def test_links_are_not_followed(clone: Path) -> None:
    secret = clone.parent / "secret.jsonl"
    secret.write_bytes(row(seed=2))
    (clone / "data/link.jsonl").symlink_to(secret)
    (clone / "data/folder").symlink_to(clone.parent)
    source = Source(clone)
    assert (source.names, len(source.links)) == (("data/test.jsonl",), 2)
    for name in ("data/link.jsonl", "../secret.jsonl", "data/folder/secret.jsonl"):
        with pytest.raises(Unreadable):
            source.read(name)
    assert "Links: 2 in the source were not followed" in notice_of(imported(clone))


def notice_of(done: Imported) -> str:
    return (done.folder / "NOTICE").read_text("utf-8")


def test_rows_that_are_refused_are_named_with_their_place(clone: Path) -> None:
    deep = b'{"a":' * 100_000
    rows = [
        *(row(), b"{\n", b"[1]\n", b"\xff\xfe\n", deep + b"\n", row(prompt="again")),
        *(row(seed=7, prompt="a\ud800b"), row(seed=8, output_format="x\u202ey")),
        *(b"\n", row(seed=9, prompt="\u2028 and \u0000")),
    ]
    (clone / "data/test.jsonl").write_bytes(b"".join(rows))
    done = imported(clone)
    said = {r.where: r.reason for r in done.refused}
    assert [*said] == [f"data/test.jsonl:{n}" for n in (2, 3, 4, 5, 6, 7, 8)]
    assert said["data/test.jsonl:3"] == "is no JSON object"
    assert said["data/test.jsonl:5"] == "not valid JSON: JSON nested too deep"
    assert said["data/test.jsonl:6"] == "the id 'json-1' is also that of data/test.jsonl:1"
    assert (done.rows, done.cases) == (9, 2)
    assert "\u202e" not in notice_of(done)


def test_a_pointer_of_git_lfs_is_no_row(clone: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (clone / "data/test.jsonl").write_text(pointer)
    with pytest.raises(HarnessError, match="is a pointer of Git LFS, run git lfs pull"):
        imported(clone)
    assert not (clone.parent / "task").exists()


def test_sizes_are_bounded(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clone / "data/test.jsonl").write_bytes(row(prompt="a" * 3000) + row(seed=2))
    monkeypatch.setattr(importing, "MAX_CASE_BYTES", 2000)
    (refused,) = imported(clone).refused
    assert refused.where == "data/test.jsonl:1"
    monkeypatch.setattr(sources, "MAX_FILE_BYTES", 2000)
    with pytest.raises(Unreadable, match="is larger than"):
        Source(clone).read("data/test.jsonl")
    monkeypatch.setattr(sources, "MAX_FILES", 0)
    with pytest.raises(HarnessError, match="holds more than 0 files"):
        Source(clone)


def test_a_folder_that_is_there_is_left_alone(clone: Path) -> None:
    (clone.parent / "task").mkdir()
    with pytest.raises(HarnessError, match="is there already"):
        imported(clone)


def test_what_fails_midway_leaves_nothing(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing, "notice", failing)
    with pytest.raises(HarnessError, match="No space left"):
        imported(clone)
    assert [p.name for p in clone.parent.iterdir()] == ["clone"]


def test_a_parent_that_is_a_file(clone: Path) -> None:
    (clone.parent / "file").write_text("")
    source = Source(clone)
    with pytest.raises(HarnessError, match=r"-o .*file/task: cannot be written"):
        import_task(ifstruct(source), source, clone.parent / "file/task")


def test_limit_and_tag(clone: Path) -> None:
    rows = [row(seed=n, output_format=("json", "yaml")[n % 2]) for n in range(6)]
    (clone / "data/test.jsonl").write_bytes(b"".join(rows))
    done = imported(clone, limit=2, tags=("format:yaml",))
    assert (done.rows, done.cases, done.without_tag) == (4, 2, 2)
    lines = (done.folder / "cases.jsonl").read_text().splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    assert ids == ["yaml-1", "yaml-3"]
    required = (done.folder / "task.yaml").read_text().partition("required:")[2].split()
    assert required == ["-", "yaml_validity", "-", "schema_types"]


@pytest.mark.parametrize(
    ("content", "tags", "said"),
    [
        (b"", (), "holds no row, name the file that has them"),
        (b"{}\n", (), "no case can be made of its rows, 1 are refused; the first one: data/test"),
        (row(), ("format:yaml",), "--tag format:yaml: no case of"),
    ],
)
def test_without_a_case_there_is_no_task(
    clone: Path, content: bytes, tags: tuple[str, ...], said: str
) -> None:
    (clone / "data/test.jsonl").write_bytes(content)
    with pytest.raises(HarnessError) as raised:
        imported(clone, tags=tags)
    assert said in str(raised.value)


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="is not there, name a clone or a file"):
        Source(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(HarnessError, match="has no data/ with rows, name the file"):
        ifstruct(Source(tmp_path / "empty"))
