"""Sends requests to one server and judges its responses, which are hostile input.

A response is bounded in size and in time, is JSON and an object, and comes from the host that was
named. The API key comes from the environment alone; a response that repeats it is refused, so that
it reaches no record, log or message.
"""

import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from harness.core.errors import HarnessError
from harness.core.printable import excerpt
from harness.engine.served.retries import PassingFault, retry_after
from harness.files.strict_json import NotJson, decode

KEY = "HARNESS_API_KEY"
OPENAI_KEY = "OPENAI_API_KEY"
OPENAI_HOST = "api.openai.com"
MAX_BYTES = 16_000_000
"""Bytes of one response; an answer of 100,000 tokens has less than one million."""
MAX_REDIRECTS = 3
CONNECT_SECONDS = 10.0
SHORTEST_SECRET = 12
"""Characters: servers without authentication are given keys such as ``EMPTY``, which an answer may
well contain."""
_KEEPS_METHOD = (307, 308)


class BadRequest(HarnessError):
    """The server refuses a request for what is in it (400, 422); ``reason`` is the server's own."""

    def __init__(self, url: str, status: int, reason: str) -> None:
        super().__init__(f"{url} refuses the request ({status}): {reason or 'without a reason'}")
        self.reason = reason


class NotOffered(HarnessError):
    """The server has no such path (404, 405, 501)."""


def key_for(url: str) -> str | None:
    """The API key for a server: ``HARNESS_API_KEY``; for OpenAI's own host alone, and only over
    HTTPS, else ``OPENAI_API_KEY``.

    Raises:
        HarnessError: no HTTP header can carry it. The message does not repeat it.
    """
    parts = urlsplit(url)
    is_openai = parts.scheme == "https" and parts.hostname == OPENAI_HOST
    for name in (KEY, OPENAI_KEY) if is_openai else (KEY,):
        if key := os.environ.get(name):
            if not (key.isascii() and key.isprintable()) or " " in key:
                raise HarnessError(f"{name} holds characters that no HTTP header carries, mend it")
            return key
    return None


class Server:
    """One server by its base URL. Several threads may use it."""

    def __init__(self, url: str, seconds: float, connections: int) -> None:
        """
        Args:
            url: the base URL, such as ``http://localhost:8000/v1``.
            seconds: the longest time that one response may take.
            connections: requests that may be in flight.

        Raises:
            HarnessError: the key cannot be sent.
        """
        self.url = url
        self.seconds = seconds
        self.is_lost = False
        """Set once there is no connection to it, however often one was tried."""
        self.undefined: set[str] = set()
        """Fields of requests that it refuses to know."""
        self._key = key_for(url)
        headers = {"Accept-Encoding": "identity"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        self._client = httpx2.Client(
            headers=headers,
            timeout=httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
            limits=httpx2.Limits(
                max_connections=connections + 1, max_keepalive_connections=connections + 1
            ),
        )

    def get(self, path: str) -> dict[str, Any]:
        """The JSON object at ``path`` below the base URL; raises as ``post`` does."""
        with self._response("GET", self._below(path), None) as response:
            return self._object(self._body(response))

    def post(self, path: str, body: dict[str, Any], *, is_root: bool = False) -> dict[str, Any]:
        """The JSON object with which the server answers ``body``.

        Args:
            path: below the base URL.
            body: a JSON object.
            is_root: ``path`` is below the server's root instead, without ``/v1``.

        Raises:
            PassingFault: the server is busy or fails, or the connection breaks.
            BadRequest, NotOffered: as they say.
            HarnessError: the response cannot be used.
        """
        with self._response("POST", self._below(path, is_root=is_root), body) as response:
            return self._object(self._body(response))

    def stream(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The JSON objects of a stream of server-sent events, as they come, without ``[DONE]``;
        raises as ``post`` does."""
        with self._response("POST", self._below(path), body) as response:
            for line in _lines(self._chunks(response)):
                data = line.removeprefix(b"data:").strip()
                if line.startswith(b"data:") and data != b"[DONE]":
                    self._require_secret_kept(data)
                    yield self._object(data)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _below(self, path: str, *, is_root: bool = False) -> str:
        return f"{self.url.removesuffix('/v1') if is_root else self.url}/{path}"

    @contextmanager
    def _response(
        self, method: str, url: str, body: dict[str, Any] | None
    ) -> Generator[httpx2.Response, None, None]:
        """The response to one request, after redirects on the same host."""
        for _ in range(MAX_REDIRECTS + 1):
            with self._errors(), self._client.stream(method, url, json=body) as response:
                if not response.is_redirect:
                    self._check_status(response)
                    yield response
                    return
                url = self._redirected(url, response)
        raise HarnessError(f"{self.url}: redirects more than {MAX_REDIRECTS} times, name its URL")

    def _redirected(self, url: str, response: httpx2.Response) -> str:
        """The URL of a redirect that may be followed: to the same host, with the same method."""
        try:
            target = urljoin(url, response.headers["location"])
            was, now = urlsplit(url), urlsplit(target)
            is_same_host = (was.scheme, was.hostname, was.port) == (
                now.scheme,
                now.hostname,
                now.port,
            )
        except ValueError:
            is_same_host = False
        if not is_same_host or response.status_code not in _KEEPS_METHOD:
            where = self._shown(response.headers["location"], 100)
            raise HarnessError(
                f"{self.url}: redirects ({response.status_code}) to {where}, which is not "
                "followed: name the server itself"
            )
        return target

    @contextmanager
    def _errors(self) -> Generator[None, None, None]:
        """Raise the client's exceptions as ours, each one line."""
        try:
            yield
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            reason = self._shown(str(error) or type(error).__name__, 120)
            raise PassingFault(
                f"{self.url}: no connection ({reason}), start the server or correct the URL",
                is_unreachable=True,
            ) from None
        except httpx2.TimeoutException:
            raise self._too_slow() from None
        except httpx2.TransportError as error:
            reason = self._shown(str(error) or type(error).__name__, 120)
            raise PassingFault(f"{self.url}: the connection broke ({reason})") from None
        except httpx2.InvalidURL:
            raise HarnessError(f"{self.url}: no request can be sent there") from None

    def _too_slow(self) -> HarnessError:
        return HarnessError(
            f"{self.url}: no whole answer within {self.seconds:g} s, raise --stall-seconds or "
            "lower --concurrency"
        )

    def _check_status(self, response: httpx2.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        if status in (401, 403):
            given = f"the key of {KEY}" if self._key else f"a request without a key, set {KEY}"
            raise HarnessError(f"{self.url}: refuses {given} ({status})")
        if status == 429 or status == 503:
            seconds = retry_after(response.headers.get("retry-after"))
            raise PassingFault(f"{self.url}: is busy ({status})", is_busy=True, retry_after=seconds)
        if status == 408 or (status >= 500 and status != 501):
            reason = self._reason(response)
            raise PassingFault(f"{self.url}: fails ({status}){reason and f': {reason}'}")
        if status in (404, 405, 501):
            reason = self._reason(response)
            raise NotOffered(
                f"{self.url}: there is no such model or path ({status}){reason and f': {reason}'}"
            )
        if status in (400, 413, 422):
            raise BadRequest(self.url, status, self._reason(response))
        raise HarnessError(f"{self.url}: answers with status {status}, which says nothing")

    def _reason(self, response: httpx2.Response) -> str:
        """The server's own words about an error, in a line; nothing where there are none."""
        body = self._body(response)
        try:
            value = decode(body)
        except NotJson:
            return "" if _is_page(body) else self._shown(body.decode("utf-8", "replace").strip())
        found = value.get("error", value) if isinstance(value, dict) else value
        if isinstance(found, dict):
            found = found.get("message") or found.get("detail") or found
        return self._shown(found if isinstance(found, str) else str(found))

    def _shown(self, text: str, limit: int = 200) -> str:
        """Words of the server for a message, without the API key."""
        return excerpt(text.replace(self._key, "[the key]") if self._key else text, limit)

    def _body(self, response: httpx2.Response) -> bytes:
        body = b"".join(self._chunks(response))
        self._require_secret_kept(body)
        return body

    def _chunks(self, response: httpx2.Response) -> Iterator[bytes]:
        """The response in parts, until it has too many bytes or takes too long."""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise HarnessError(f"{self.url}: compresses its answers, which was not asked for")
        size, end = 0, time.monotonic() + self.seconds
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > MAX_BYTES:
                megabytes = MAX_BYTES // 1_000_000
                raise HarnessError(f"{self.url}: an answer is larger than {megabytes} MB, refused")
            if time.monotonic() > end:
                raise self._too_slow()
            yield chunk

    def _require_secret_kept(self, body: bytes) -> None:
        key = self._key
        if key is not None and len(key) >= SHORTEST_SECRET and key.encode() in body:
            raise HarnessError(
                f"{self.url}: an answer repeats the API key, which no record may hold: refused"
            )

    def _object(self, body: bytes) -> dict[str, Any]:
        if _is_page(body):
            raise HarnessError(
                f"{self.url}: answers with a web page, correct the URL: it mostly ends in /v1"
            )
        try:
            value = decode(body)
        except NotJson as error:
            raise HarnessError(f"{self.url}: an answer is no JSON ({error})") from None
        if not isinstance(value, dict):
            raise HarnessError(f"{self.url}: an answer is no JSON object")
        if self._key is not None:
            self._require_secret_kept(str(value).encode("utf-8", "replace"))
        return value


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest
