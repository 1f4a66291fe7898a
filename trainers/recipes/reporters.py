"""Programs that a training's curve is sent to, by transformers' own names for them."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec

NONE = "none"
REPORTERS: Mapping[str, Mapping[str, str]] = {
    "azure_ml": {"azureml": "azureml-core"},
    "clearml": {"clearml": "clearml"},
    "codecarbon": {"codecarbon": "codecarbon"},
    "comet_ml": {"comet_ml": "comet-ml"},
    "dagshub": {"dagshub": "dagshub", "mlflow": "mlflow"},
    "dvclive": {"dvclive": "dvclive"},
    "flyte": {"flytekit": "flytekit"},
    "kubeflow": {"kubeflow": "kubeflow"},
    "mlflow": {"mlflow": "mlflow"},
    "neptune": {"neptune": "neptune"},
    "swanlab": {"swanlab": "swanlab"},
    "tensorboard": {"tensorboard": "tensorboard"},
    "trackio": {"trackio": "trackio"},
    "wandb": {"wandb": "wandb"},
}
"""The modules that each needs, and the package that pip installs for each module."""
_INSTEAD = {"tensorboard": "tensorboardX"}
"""A module that does as well."""


def missing(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each of these programs that is not installed, with the packages that it needs."""
    for name in names:
        needed = [pip for module, pip in REPORTERS[name].items() if not _is_there(module)]
        if needed:
            yield name, " ".join(needed)


def _is_there(module: str) -> bool:
    return any(find_spec(name) for name in (module, _INSTEAD.get(module)) if name)
