"""Typed access to a model's ``config.json``, with one-line errors for missing or wrong values."""

from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.files.strict_json import UnreadableFile, parse_object


def read_config(file: Path) -> dict[str, Any]:
    """The JSON object in a configuration file.

    Raises:
        HarnessError: the file is missing, cannot be read or is no JSON object.
    """
    try:
        return parse_object(file.read_bytes())
    except OSError as error:
        raise HarnessError(f"{file}: cannot be read ({error.strerror})") from None
    except UnreadableFile as error:
        raise HarnessError(f"{file}: is no JSON configuration, it {error}") from None


class ModelConfig:
    """The configuration of a transformers model.

    Raises:
        HarnessError: the file is missing or is no JSON object.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.values: dict[str, Any] = read_config(file)

    @property
    def architecture(self) -> str:
        """The class that transformers opens it with: ``Qwen2ForCausalLM``."""
        named = self.values.get("architectures")
        if not isinstance(named, list) or not named or not isinstance(named[0], str):
            raise HarnessError(f"{self.file}: names no architecture, it is no model's config.json")
        return named[0]

    def whole(self, name: str, default: int | None = None) -> int:
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._odd(name, value, "a whole number")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._odd(name, value, "a number")
        return float(value)

    def text(self, name: str, default: str) -> str:
        value = self._get(name, default)
        if not isinstance(value, str):
            raise self._odd(name, value, "a text")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise self._odd(name, value, "true or false")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.values.get(name) or {}
        if not isinstance(value, dict):
            raise self._odd(name, value, "an object")
        return value

    def refuse(self, reason: str) -> HarnessError:
        return HarnessError(f"{self.file}: {reason}")

    def _get(self, name: str, default: object) -> object:
        value = self.values.get(name)
        if value is None:
            value = default
        if value is None:
            raise HarnessError(f"{self.file}: lacks {name}")
        return value

    def _odd(self, name: str, value: object, wanted: str) -> HarnessError:
        return HarnessError(f"{self.file}: {name} is {value!r:.60}, expected {wanted}")
