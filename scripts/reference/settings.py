"""``[tool.harness]`` of ``pyproject.toml``, and the environment variables."""

from harness.gate.policy import GatePolicy
from harness.run.settings import ModelSetting, Settings
from scripts.reference.markdown import key_table, table

INTRODUCTION = """\
# Settings

The table `[tool.harness]` of the project's `pyproject.toml`. Options of the command line take
precedence. An unknown key is a mistake, with the file
and the nearest name.

```toml
[tool.harness]
tasks_dir = "tasks"
models = ["adapter:out/my_adapter", {ref = "base:models/base", tasks = ["json_extraction"]}]

[tool.harness.gate]
margin = 0.02
max_latency_increase = 0.1
```
"""
MODELS = """\
A model is a text, as after `--model`, or a table:
"""
ENVIRONMENT = (
    ("HARNESS_STORE", "folder of the [store of completions](../store.md); `false` turns it off"),
    ("HARNESS_API_KEY", "key for the servers of [`endpoint:` models](../endpoints.md#the-key)"),
    ("HARNESS_SERVE_KEY", "key that clients of [a server](../serving.md#who-may-ask) must send"),
    ("HARNESS_TRACEBACK", "`1` has the traceback of a fault of the harness printed"),
    ("OPENAI_API_KEY", "sent to `https://api.openai.com` and nowhere else"),
    ("OMP_NUM_THREADS", "CPU threads of a training whose recipe does not say `threads`"),
    ("CUDA_VISIBLE_DEVICES", "the GPUs that models and trainings see"),
    ("HF_HOME", "where huggingface_hub keeps models, in `hub/`"),
    ("HF_HUB_CACHE", "that folder itself; `HUGGINGFACE_HUB_CACHE` is its older name"),
    ("HF_ENDPOINT", "the hub's address, where a mirror is used"),
    ("HF_TOKEN", "sent to the hub by its client, for models that are not public"),
    ("HF_HUB_OFFLINE", "`1`: the hub is not asked, only what it left on the disk is used"),
    ("TRANSFORMERS_OFFLINE", "the same, where `HF_HUB_OFFLINE` is empty"),
    ("XDG_CACHE_HOME", "where caches are, in place of `~/.cache`"),
    ("NO_COLOR", "a terminal gets no color"),
    ("GITHUB_STEP_SUMMARY", "the file to which `harness gate` adds its summary"),
    ("GITHUB_ACTIONS", "`true`: `harness gate` annotates the cases that broke"),
)


def page() -> str:
    return (
        "\n\n".join(
            [
                INTRODUCTION.strip(),
                key_table(Settings),
                MODELS.strip(),
                key_table(ModelSetting),
                "## [tool.harness.gate]",
                "The policy of [the gate](../gate-reference.md).",
                key_table(GatePolicy),
                "## Environment variables",
                table(("variable", "meaning"), ((f"`{name}`", said) for name, said in ENVIRONMENT)),
            ]
        )
        + "\n"
    )
