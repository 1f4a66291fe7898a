"""Completions per second of ``harness judge`` on one core.

    python benchmarks/judge_speed.py [COUNT]

It judges typical completions of the bundled json_extraction task: its references, every third one
with a fault of an untuned model (a fence, extra text, a number as a string, brackets, an invented
value, truncation). Each line has its own prompt, schema, timestamps, grounded pointers and
reference, so that every check applies. Prints one line of JSON: CPU seconds per line, and for each
hostile text of a million characters the CPU seconds of all checks together.
"""

import json
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.tasks.judging import judge_line, judge_lines
from harness.tasks.judging_line import JudgingLine

TASK = Path(__file__).parents[1] / "fixtures" / "tasks" / "json_extraction"
MILLION = 1_000_000
HOSTILE = {
    "openers": "[" * MILLION,
    "balanced": "[" * (MILLION // 2) + "]" * (MILLION // 2),
    "objects": '{"a":' * (MILLION // 6) + "1" + "}" * (MILLION // 6),
    "pairs": "[[]," * (MILLION // 4),
    "quotes": '"' * MILLION,
    "number": '{"amount": ' + "9" * MILLION + "}",
    "numbers": '{"amount": [' + "1," * (MILLION // 2) + "1]}",
    "nested in a string": '{"name": "' + "[{" * (MILLION // 2) + '"}',
    "surrogates": '{"name": "' + "\ud800" * MILLION + '"}',
    "backslashes": '{"name": "' + "\\" * MILLION + '"}',
    "newlines": '{"amount": 1}' + "\n" * MILLION,
    "fences": '```{"a":1}' * (MILLION // 10),
    "prose": "word { and [ then " * (MILLION // 18),
    "loop": "very " * (MILLION // 5),
}


def lines(count: int) -> Iterator[bytes]:
    """``count`` input lines, the same in every run."""
    schema = json.loads((TASK / "schema.json").read_text("utf-8"))
    cases = [json.loads(line) for line in (TASK / "cases.jsonl").read_text("utf-8").splitlines()]
    for number in range(count):
        case = cases[number % len(cases)]
        text = "Extract fields. Output ONLY valid JSON.\nText: " + case["variables"]["text"]
        line = {
            "id": number,
            "prompt": text,
            "completion": completion(case["reference"], number),
            "schema": schema,
            "timestamps": {"/date": "date"},
            "grounded": ["/name", "/date", "/amount"],
            "reference": case["reference"],
            "finish_reason": "stop",
        }
        yield json.dumps(line).encode() + b"\n"


def completion(reference: dict[str, object], number: int) -> str:
    text = json.dumps(reference)
    habits = (
        f"```json\n{text}\n```",
        f"Sure! Here is the JSON:\n{text}",
        json.dumps({**reference, "amount": str(reference["amount"])}),
        text + "]" * 16,
        json.dumps({**reference, "name": "Grace Hopper"}),
        text[:-6],
    )
    return habits[number // 3 % len(habits)] if number % 3 == 0 else text


def hostile_seconds(text: str) -> float:
    """CPU seconds that all checks together take over one text."""
    schema = json.loads((TASK / "schema.json").read_text("utf-8"))
    keys = {
        "id": 1,
        "completion": "",
        "prompt": "On 2024-03-05 Ada Byron paid $1.",
        "schema": schema,
        "timestamps": {"/date": "date"},
        "grounded": ["/name", "/date", "/amount"],
        "reference": {"name": "Ada Byron", "date": "2024-03-05", "amount": 1},
        "finish_reason": "stop",
    }
    line = replace(JudgingLine.parse(json.dumps(keys).encode()), completion=text)
    start = time.process_time()
    judge_line(line)
    return time.process_time() - start


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    for judged in judge_lines(lines(200)):
        assert judged
    made = list(lines(count))
    start = time.process_time()
    written = sum(len(judged.to_json()) for judged in judge_lines(made))  # type: ignore[union-attr]
    seconds = time.process_time() - start
    result = {
        "completions": count,
        "microseconds_each": round(seconds / count * 1e6, 1),
        "completions_per_second": round(count / seconds),
        "bytes_written": written,
        "hostile_seconds": {
            name: round(hostile_seconds(text), 3) for name, text in HOSTILE.items()
        },
        "python": platform.python_version(),
        "processor": platform.machine(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
