"""A dry run shows rows, lengths and time of a training, and keeps nothing of its steps."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.models import TINY_QWEN2
from tests.trainers.conftest import JSON_EXTRACTION, row
from trainers.run.train import train

DRAWING: dict[str, Any] = {
    "base": str(TINY_QWEN2), "task": str(JSON_EXTRACTION), "num_generations": 4, "max_steps": 2,
    "max_completion_length": 48, "rewards": ["json_validity"], "learning_rate": 1e-3,
    "per_device_train_batch_size": 8,
}  # fmt: skip


def said_by(recipe: Path, **console: Any) -> list[str]:
    """The lines of a dry run, which leaves nothing beside its recipe."""
    screen = io.StringIO()
    there = sorted(recipe.parent.rglob("*"))
    train(str(recipe), dry_run=True, console=Console(file=screen, width=100, **console))
    assert sorted(recipe.parent.rglob("*")) == there
    return screen.getvalue().splitlines()


def losses(lines: list[str]) -> list[str]:
    return [match[1] for line in lines if (match := re.search(r"^step.*loss (\S+?),? ", line))]


def test_rows_are_shown_with_their_mask_and_steps_are_tried(write_recipe) -> None:
    lines = said_by(write_recipe())
    shown = [line for line in lines if line.startswith(("row ", "masked", "learns"))]
    assert len(shown) == 5 * 3
    assert shown[:3] == [
        "row 1     56 tokens, 16 of them trained",
        "masked    <|im_start|>user␊Give name and amount as JSON.␊Text: Ada paid 0.5.<|im_end|>␊"
        "<|im_start|>assistant␊",
        'learns    {"name": "Ada", "amount": 0.5}<|im_end|>',
    ]
    assert "lengths   tokens of 16 rows" in lines
    assert "left out  no row" in lines
    assert any(re.search("memory +about .* expected", line) for line in lines)
    assert re.match(r"time +6 steps take about .* s \(.* s a step\)", lines[-3])
    assert re.match(r"memory +peak [\d,]+ MB", lines[-2])
    assert lines[-1].startswith("dry run   the steps were thrown away, nothing was written to ")


def test_its_steps_are_those_of_the_training(write_recipe, capsys) -> None:
    recipe = write_recipe(save_steps=1)
    tried = losses(said_by(recipe))
    train(str(recipe))
    assert len(tried) == 3
    assert tried == losses(capsys.readouterr().out.splitlines())[:3]


def test_evaluations_are_left_out_and_that_is_said(write_recipe, rows_file) -> None:
    recipe = write_recipe(data={"train": str(rows_file), "val": str(rows_file)}, eval_steps=1)
    assert "a step, without evaluations)" in said_by(recipe)[-3]


def test_rows_that_are_left_out_have_their_reasons(write_recipe, tmp_path) -> None:
    rows = [{**row(i), "label": i % 4 > 0} for i in range(16)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    recipe = write_recipe(data={"train": str(tmp_path / "rows.jsonl")}, max_length=62)
    lines = [line for line in said_by(recipe) if line.startswith("left out")]
    assert lines == [
        "left out  6 rows: longer than max_length 62",
        "left out  4 rows: label is false: no example to imitate",
    ]


def test_preferences_show_both_answers(write_recipe, pairs_file) -> None:
    recipe = write_recipe(
        method="dpo", data={"train": str(pairs_file)}, precompute_ref_log_probs=True
    )
    lines = said_by(recipe)
    first = lines.index(next(line for line in lines if line.startswith("row 1")))
    assert lines[first] == "row 1     40 tokens, answers 16 and 8"
    assert lines[first + 1].startswith("masked    <|im_start|>user␊Give name")
    assert lines[first + 2 : first + 4] == [
        'chosen    {"name": "Ada", "amount": 0.5}<|im_end|>',
        "rejected  Sure! 0<|im_end|>",
    ]
    assert len(losses(lines)) == 3


@pytest.mark.parametrize(("method", "said"), [("grpo", "prompts   pass@1"), ("rft", "kept ")])
def test_prompts_show_what_is_drawn_to_them(write_recipe, task_rows, method, said) -> None:
    recipe = write_recipe(method=method, **DRAWING, data={"train": str(task_rows)})
    lines = said_by(recipe)
    titles = [line for line in lines if re.match(r"row \d +\d of 4 answers earn json_val", line)]
    assert len(titles) == 5
    assert any(line.startswith(("earns ", "fails ")) for line in lines)
    assert any(line.startswith(said) for line in lines)
    assert len(losses(lines)) == 2


def test_of_many_prompts_few_are_answered(write_recipe, task_rows, monkeypatch) -> None:
    monkeypatch.setattr("trainers.run.dry_run.PROMPTS", 4)
    recipe = write_recipe(method="rft", **DRAWING, data={"train": str(task_rows)})
    assert any("of 16 answers, to" in line for line in said_by(recipe))


def test_words_of_a_row_are_not_obeyed(write_recipe, tmp_path) -> None:
    attack = "\x1b[2J\x1b]0;owned\x07[red]Ada[/red]\u202e\n::error::gone"
    rows = [{**row(0), "prompt": [{"role": "user", "content": attack + "\nText: 0.5"}]}] * 4
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    recipe = write_recipe(data={"train": str(tmp_path / "rows.jsonl")})
    for is_terminal in (True, False):
        text = "\n".join(said_by(recipe, force_terminal=is_terminal, color_system=None))
        assert "[red]Ada[/red]" in text.replace("\n          ", "")
        assert not re.search(r"\x1b\[2J|\x1b\]|\x07|\u202e|^::error", text, re.MULTILINE)


def test_a_long_text_is_shown_by_its_ends(write_recipe, tmp_path) -> None:
    long = [{"role": "user", "content": f"First {'word ' * 200}last"}]
    rows = [{**row(0), "prompt": long}] * 4
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    recipe = write_recipe(
        base=str(TINY_QWEN2), data={"train": str(tmp_path / "rows.jsonl")}, max_length=512
    )
    masked = next(line for line in said_by(recipe) if line.startswith("masked"))
    assert re.search(r"First word .* … \d+ more characters … .*last<\|im_end\|>", masked)


def test_the_mask_is_colored_on_a_terminal_alone(write_recipe, monkeypatch) -> None:
    recipe = write_recipe()
    text = "\n".join(said_by(recipe, force_terminal=True, color_system="standard"))
    assert re.search(r"\x1b\[32m\{\"name\"", text)
    assert re.search(r"\x1b\[2m<\|im_start\|>", text)
    monkeypatch.setenv("NO_COLOR", "1")
    text = "\n".join(said_by(recipe, force_terminal=True, color_system="standard"))
    assert not re.search(r"\x1b\[3\dm", text)
    assert "learns" in text
    assert "\x1b" not in "\n".join(said_by(recipe))


def test_every_answer_of_a_conversation_is_trained_where_the_recipe_says_so(
    write_recipe, tmp_path
) -> None:
    first = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ada?"}]
    rows = [{**row(i), "prompt": first + row(i)["prompt"]} for i in range(4)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    data = {"train": str(tmp_path / "rows.jsonl")}
    answers = {}
    for choice in ("last_answer", "every_answer"):
        recipe = write_recipe(data={**data, "train_on": choice})
        answers[choice] = said_by(recipe)
    assert "learns    Ada?<|im_end|>" not in answers["last_answer"]
    assert answers["every_answer"].count("learns    Ada?<|im_end|>") == 3
    assert (
        "note      4 earlier answers of conversations: rows of their own" in answers["every_answer"]
    )
    recipe = write_recipe(data=data, assistant_only_loss=True)
    assert said_by(recipe).count("learns    Ada?<|im_end|>") == 3
