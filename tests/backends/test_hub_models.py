"""Sessions over models of the hub and over a model with code of its own, as a user runs them."""

import json
from pathlib import Path

import pytest

from tests.hub_cache import cached
from tests.model_files.copies import ADAPTER, change, copy
from tests.models import TINY_QWEN2
from tests.project import Project, json_project

CODE = """\
from pathlib import Path

from transformers import Qwen2Config, Qwen2ForCausalLM

Path({trace!r}).touch()


class Config(Qwen2Config):
    model_type = "own_kind"


class Model(Qwen2ForCausalLM):
    config_class = Config
"""
SMALL = ("--limit", "1", "--threads", "1", "--device", "cpu", "suites/test_json_validity.py")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return json_project(tmp_path)


def offline(project: Project) -> dict[str, str]:
    home = str(project.root / "home")
    return {"HF_HOME": home, "HF_HUB_OFFLINE": "1", "HARNESS_STORE": str(project.root / "store")}


@pytest.mark.slow
def test_a_base_and_an_adapter_of_the_hub_are_judged_from_its_cache(project):
    home = project.root / "home"
    cached(home, "acme/tiny", TINY_QWEN2, revision="v1.0")
    files = {p.name: p.read_bytes() for p in ADAPTER.iterdir()}
    config = {**json.loads(files["adapter_config.json"]), "revision": "v1.0"}
    config["base_model_name_or_path"] = "acme/tiny"
    files["adapter_config.json"] = json.dumps(config).encode()
    cached(home, "acme/adapter", files)
    models = ("--model", "base:acme/tiny@v1.0", "--model", "adapter:acme/adapter")
    done = project.pytest(*SMALL, *models, **offline(project))
    assert "2 passed" in done.out or "2 failed" in done.out, done.out + done.err
    base, adapter = project.run().models
    assert (base.ref, base.error) == ("base:acme/tiny@v1.0", None)
    assert (adapter.base, adapter.error) == ("acme/tiny@v1.0", None)
    assert adapter.base_sha256 == base.weights_sha256


@pytest.fixture
def own_code(project: Project) -> tuple[Path, Path]:
    """The folder of a model with code of its own, and the file that is there once it ran."""
    folder, trace = copy(TINY_QWEN2, project.root), project.root / "it-ran"
    own = {"AutoConfig": "own_kind.Config", "AutoModelForCausalLM": "own_kind.Model"}
    change(folder / "config.json", model_type="own_kind", auto_map=own)
    (folder / "own_kind.py").write_text(CODE.format(trace=str(trace)))
    return folder, trace


@pytest.mark.slow
def test_code_of_a_model_runs_where_it_is_allowed_and_nowhere_else(project, own_code):
    folder, trace = own_code
    model = (*SMALL, "--model", "base:tiny-qwen2")
    refused = project.pytest(*model, **offline(project))
    assert refused.code == 4
    assert "transformers does not know the type 'own_kind'" in refused.err
    assert "allow it with --trust-remote-code" in refused.err
    assert not trace.exists()
    allowed = project.pytest(*model, "--trust-remote-code", **offline(project))
    assert trace.exists(), allowed.out + allowed.err
    (known,) = project.run().models
    assert known.error is None
    assert known.trusts_remote_code
    assert set(known.files) >= {"own_kind.py", "config.json"}
    assert "its own code was run (--trust-remote-code): own_kind.py" in known.warnings
    # Its answers are in the store under the code's hash: the same again is known, other code not.
    again = project.pytest(*model, "--trust-remote-code", **offline(project))
    assert "1 of 1 answers from the store" in again.out
    with (folder / "own_kind.py").open("a") as file:
        file.write("# changed\n")
    other = project.pytest(*model, "--trust-remote-code", **offline(project))
    assert "from the store" not in other.out


@pytest.mark.slow
def test_code_of_another_repository_is_refused_even_where_code_is_allowed(project, own_code):
    folder, trace = own_code
    change(folder / "config.json", auto_map={"AutoConfig": "acme/code--own_kind.Config"})
    model = ("--model", "base:tiny-qwen2", "--trust-remote-code")
    done = project.pytest(*SMALL, *model, **offline(project))
    assert done.code == 1
    assert "its code is that of acme/code, whose files no hash here covers" in done.out
    assert not trace.exists()
