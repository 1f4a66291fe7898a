"""A real browser for tests: headless Chromium over its debugging pipe, with no driver between."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

MAX_SECONDS = 60
"""Silence after which a promise counts as never kept, or a tab as hanging."""

BOX = """((found) => {
  const { x, y, width, height } = found.getBoundingClientRect();
  return { x: x + scrollX, y: y + scrollY, width, height };
})(document.querySelector(%s))"""


def executable() -> str | None:
    """The path of Chromium; ``None`` where it is not installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


# What is laid out only in view takes its height as it comes there, and moves what is below it.
INTO_VIEW = """(async (one) => {
  let last = {};
  for (let left = 60; left > 0; left--) {
    one.scrollIntoView({ block: "center", behavior: "instant" });
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    const box = one.getBoundingClientRect().toJSON();
    if (box.x === last.x && box.y === last.y) return box;
    last = box;
  }
})(document.querySelector(%s))"""


class Page:
    """One tab."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._buffer, self._number = b"", 0
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.problems: list[str] = []
        """What the page's console and its policy complained about."""
        self.requests: list[str] = []
        """Everything that the page asked for beside itself, whether it got it or not."""
        self.dialogs: list[str] = []
        """What ``alert`` and its kin said; each is closed at once."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        number = self._send(method, **parameters)
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self._note(answer)

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file and wait until its scripts have run."""
        self.call("Page.navigate", url="about:blank")
        for noted in (self.problems, self.requests, self.dialogs):
            noted.clear()
        self.call("Page.navigate", url=path.resolve().as_uri() + fragment)
        while self.evaluate("document.readyState") != "complete":
            pass

    def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression; a promise is waited for."""
        return self._evaluated(expression)

    def aside(self) -> Callable[[str], Any]:
        """``evaluate`` in a world of its own: it sees the page's elements and none of its scripts.

        Neither the page's policy nor anything that the page redefined holds there.
        """
        frame = self.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = self.call("Page.createIsolatedWorld", frameId=frame)["executionContextId"]
        return partial(self._evaluated, contextId=world)

    def until(self, condition: str, frames: int = 600) -> None:
        """Wait, frame by frame, until a JavaScript expression is true."""
        waiting = (
            "(async () => {"
            f" for (let left = {frames}; left > 0; left--) {{ if ({condition}) return true;"
            " await new Promise(requestAnimationFrame); } return false; })()"
        )
        assert self.evaluate(waiting), f"never true: {condition}"

    def click(self, selector: str) -> None:
        """Press and release the left button in the middle of an element that can be seen."""
        box = self.evaluate(INTO_VIEW % json.dumps(selector))
        assert box, f"does not come to rest in view: {selector}"
        assert box["width"] * box["height"] > 0, f"cannot be seen: {selector}"
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def press(self, key: str, code: int = 0, text: str = "") -> None:
        """One key of the keyboard; ``code`` is the Windows virtual key code, which keys that do
        something (Tab 9, Enter 13, Escape 27, Space 32) need."""
        typed = {"text": text} if text else {}
        values = {"key": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **values, **typed)
        self.call("Input.dispatchKeyEvent", type="keyUp", **values)

    def resize(self, width: int, height: int, scale: float = 1) -> None:
        """The window in CSS pixels, each of ``scale`` by ``scale`` pixels of a screenshot."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )

    def prefer(self, scheme: str) -> None:
        """``light`` or ``dark``; motion is reduced, so that nothing is seen half way."""
        wanted = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self.call("Emulation.setEmulatedMedia", features=features)

    def lay_out(self) -> None:
        """Have all cases laid out: ``innerText`` is empty, and a picture blank, of what a page
        leaves out while it is out of view."""
        self.evaluate(
            "for (const one of document.querySelectorAll('.case, .lines'))"
            " one.style.contentVisibility = 'visible'"
        )

    def screenshot(self, path: Path, *, whole: bool = False, selector: str = "") -> None:
        """A picture of the window, of the whole page, or of the first element that is selected."""
        self.lay_out()
        found = self.evaluate(BOX % json.dumps(selector)) if selector else None
        clip = {"clip": {**found, "scale": 1}} if found else {}
        parameters = {"captureBeyondViewport": whole or bool(found), **clip}
        data = self.call("Page.captureScreenshot", **parameters)["data"]
        path.write_bytes(base64.b64decode(data))

    def _evaluated(self, expression: str, **where: Any) -> Any:
        found = self.call(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
            **where,
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def _send(self, method: str, **parameters: Any) -> int:
        """Send one command; the answer bears the number returned."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        whole = json.dumps(message).encode() + b"\0"
        while whole:
            whole = whole[os.write(self._writing, whole) :]
        return self._number

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            is_said, _, _ = select.select([self._reading], [], [], MAX_SECONDS)
            assert is_said, f"Chromium says nothing for {MAX_SECONDS} seconds"
            part = os.read(self._reading, 1 << 20)
            assert part, "Chromium ended"
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(line))

    def _note(self, event: dict[str, Any]) -> None:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Log.entryAdded":
            self.problems.append(parameters["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Network.requestWillBeSent" and parameters.get("type") != "Document":
            self.requests.append(parameters["request"]["url"])
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(parameters["message"])
            self._send("Page.handleJavaScriptDialog", accept=False)


@contextmanager
def chromium() -> Iterator[Page]:
    """A browser that is gone afterwards."""
    program = executable()
    assert program is not None
    child_in, writing = os.pipe()
    reading, child_out = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Chromium reads commands from descriptor 3 and answers on descriptor 4.
        shell = f'exec "$@" 3<&{child_in} 4>&{child_out}'
        process = subprocess.Popen(
            ["bash", "-c", shell, "bash", program, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(child_in, child_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(child_in)
        os.close(child_out)
        try:
            yield Page(reading, writing)
        finally:
            os.close(writing)
            os.close(reading)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
