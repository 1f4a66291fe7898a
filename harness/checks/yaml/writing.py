"""Writes a value as YAML in block style, which YAML 1.2 reads as it is."""

from decimal import Decimal
from typing import Any

import yaml

from harness.checks.yaml.scalars import NotANumber, plain_value


class _Dumper(yaml.SafeDumper):
    """PyYAML's dumper, which writes for YAML 1.1."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Quoted where it would be read as another value."""
    try:
        is_text = isinstance(plain_value(text), str)
    except NotANumber:
        is_text = False
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, None if is_text else "'")


def _number(dumper: _Dumper, number: Decimal) -> yaml.Node:
    return dumper.represent_float(float(number))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _number)


def dump_yaml(value: Any) -> str:
    """The text, without a line end behind it."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return text.removesuffix("\n").removesuffix("\n...")
