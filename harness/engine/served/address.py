"""Reads the location and the options of ``endpoint:http://host:port/v1#name``; sends nothing."""

from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef

Api = Literal["chat", "completions"]
SchemaBy = Literal["response_format", "json_object", "structured_outputs"]
OPTIONS = ("api", "tokenizer", "schema", "schema_by")
EXAMPLE = "endpoint:http://localhost:8000/v1#name"


@dataclass(frozen=True, slots=True)
class Address:
    """The servers of a model, and the name under which they serve it."""

    urls: tuple[str, ...]
    """Base URLs without a slash at the end, such as ``http://localhost:8000/v1``; none where the
    plan is written to a file, or its answers are read from one."""
    name: str | None
    """``None`` leaves it to a server that serves one model alone."""


def address_of(location: str) -> Address:
    """Read the location.

    Raises:
        HarnessError: a URL is not one that requests can be sent to. The message never repeats a
            URL, which may hold a password.
    """
    before, hash_sign, name = location.partition("#")
    if hash_sign and not name:
        raise HarnessError(f"no name after #, such as {EXAMPLE}")
    urls = tuple(_checked(url.strip()) for url in before.split(",")) if before else ()
    if len(set(urls)) < len(urls):
        raise HarnessError("a URL is named twice, name each server once")
    return Address(urls, name or None)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise HarnessError(f"a URL cannot be read, write it as in {EXAMPLE}") from None
    if parts.username is not None or parts.password is not None:
        raise HarnessError(
            "a URL holds a user name or a password, which a record would keep: put the key into "
            "HARNESS_API_KEY"
        )
    if parts.query:
        raise HarnessError(
            "a URL holds a query, which may be a key and which a record would keep: name the "
            "server's base URL alone, and put a key into HARNESS_API_KEY"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HarnessError(f"expected the base URL of a server, such as {EXAMPLE}")
    return url.rstrip("/")


def api_of(ref: ModelRef) -> Api:
    """The value of ``+api=``.

    Raises:
        HarnessError: it is no such protocol.
    """
    return _one_of(ref, "api", get_args(Api))  # type: ignore[return-value]


def schema_by(ref: ModelRef) -> SchemaBy:
    """The value of ``+schema_by=``: the field of a request that carries the schema.

    Raises:
        HarnessError: it is no such field.
    """
    return _one_of(ref, "schema_by", get_args(SchemaBy))  # type: ignore[return-value]


def _one_of(ref: ModelRef, option: str, known: tuple[str, ...]) -> str:
    given = ref.option(option)
    if given is not None and given not in known:
        raise HarnessError(f"+{option}={given}: expected one of {', '.join(known)}")
    return given or known[0]
