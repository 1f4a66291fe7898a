"""Models of the hub in a made-up cache: revisions, adapters, and what is missing offline."""

import json
from pathlib import Path

import pytest
from huggingface_hub import constants

from harness import backends
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.engine.model import EngineSettings
from harness.model_files.examine import examine
from harness.model_files.folders import adapter_base
from harness.model_files.hub import local_copy, local_folder
from harness.run.model_key import model_key
from tests.hub_cache import cached
from tests.model_files.copies import ADAPTER
from tests.models import TINY_QWEN2

OTHER = "f" * 40


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``HF_HOME`` of a machine without a network, in whose folder is nothing else."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home/hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def adapter_files(**config: object) -> dict[str, bytes]:
    """The bundled adapter, over a base of the hub."""
    files = {p.name: p.read_bytes() for p in ADAPTER.iterdir()}
    changed = {**json.loads(files["adapter_config.json"]), **config}
    return {**files, "adapter_config.json": json.dumps(changed).encode()}


def test_a_revision_is_a_branch_a_tag_or_a_commit(home):
    main = cached(home, "acme/tiny", {"config.json": b"{}"})
    tagged = cached(home, "acme/tiny", {"config.json": b"{ }"}, commit=OTHER, revision="v1.0")
    for location, folder in (
        ("acme/tiny", main),
        ("acme/tiny@main", main),
        ("acme/tiny@v1.0", tagged),
        (f"acme/tiny@{OTHER}", tagged),
    ):
        assert local_copy(location) == local_folder(location) == folder
    assert local_copy("acme/tiny@v2") is None


def test_an_adapter_of_the_hub_names_its_base_and_the_revision_of_that(home):
    cached(home, "acme/tiny", TINY_QWEN2, commit=OTHER, revision="v1.0")
    named = adapter_files(base_model_name_or_path="acme/tiny", revision="v1.0")
    cached(home, "acme/adapter", named)
    ref = ModelRef.parse("adapter:acme/adapter")
    backends.preflight(ref)
    assert adapter_base(ref) == "acme/tiny@v1.0"
    assert not [f for f in examine(ref).findings if "revision" in f.what]
    assert {path.parent.name for path in backends.files_of(ref)} >= {OTHER}
    key = model_key(ref, EngineSettings())
    assert key is not None
    assert model_key(ref, EngineSettings(trust_remote_code=True)) not in (None, key)
    assert model_key(ModelRef.parse("base:acme/tiny@v1.0"), EngineSettings()) is not None


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("base:acme/nothing", "acme/nothing is no folder and was never downloaded"),
        ("adapter:acme/nothing", "acme/nothing is no folder and was never downloaded"),
        ("base:acme/tiny@v2", "acme/tiny@v2 is no folder and was never downloaded"),
        ("base:acme/part", "acme/part has no weights"),
        ("base:acme/adapter", "holds an adapter, say adapter:acme/adapter"),
        ("adapter:acme/tiny", "holds a whole model, say base:acme/tiny"),
        ("adapter:acme/adapter", "its base: acme/nothing is no folder and was never downloaded"),
    ],
)
def test_what_is_not_there_offline_is_one_line(home, ref, said):
    cached(home, "acme/tiny", TINY_QWEN2)
    cached(home, "acme/part", {"config.json": b"{}"})
    cached(home, "acme/adapter", adapter_files(base_model_name_or_path="acme/nothing"))
    with pytest.raises(HarnessError) as error:
        backends.preflight(ModelRef.parse(ref))
    (line,) = error.value.mistakes
    assert said in line


def test_an_adapter_that_the_hub_does_not_give_is_one_line(home, monkeypatch):
    def unreachable(*arguments, **more):
        raise OSError("Got: ConnectError: Name or service not known\nand more")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    with pytest.raises(HarnessError) as error:
        backends.preflight(ModelRef.parse("adapter:acme/adapter"))
    (line,) = error.value.mistakes
    assert line == (
        "--model adapter:acme/adapter: acme/adapter is no folder, and the hub does not give it "
        "(ConnectError: Name or service not known): correct the name, or download it where there "
        "is a network"
    )
