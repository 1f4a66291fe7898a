"""What a script of lines prints: answers, verdicts and places, times, and one line a mistake."""

import shutil
from dataclasses import replace

import pytest

from harness.chat.answering import STOPPED, Answer, ChatModel
from harness.chat.screen import TerminalScreen
from harness.chat.session import run_script, run_terminal
from harness.core.completion import Completion, FinishReason, Timing
from harness.core.plan import Request, Sampling, failed
from tests.chat.talking import say_back, session
from tests.models import TASKS

GOOD = '{"name": "Ada", "date": "2024-01-05", "amount": 47.2}'
LINE = "Ada paid 47.20 EUR on 2024-01-05."


def talk(capsys, session, *lines: str) -> tuple[str, str]:
    """Standard output and standard error of a script."""
    run_script(session, iter([f"{line}\n".encode() for line in lines]))
    for model in session.models:
        model.close()
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_a_conversation_goes_on_until_it_is_reset(capsys):
    out, err = talk(
        capsys, session({"base:x": say_back}), "Hi", "", "Go", "/reset", "New", "/system S", "With"
    )
    answers = [line for line in out.splitlines() if line[:1].isdigit()]
    assert answers == ["1: Hi", "3: Go", "1: New", "4: With"]
    assert "5 tokens, the first after 0.10 s, then 40 a second" in out
    assert err == ""


def test_an_answer_is_judged_by_the_task_with_the_place_of_a_failure(capsys):
    answer = GOOD.replace("47.2", '"47.2"')
    out, _ = talk(capsys, session({"base:x": lambda *_: answer}, "json_extraction"), LINE)
    shown = out.splitlines()
    assert shown[0] == answer
    assert shown[1].startswith("  FAILED   schema_types, types: number_as_string: /amount:")
    place, carets = (line[11:] for line in shown[2:4])
    assert place[carets.index("^") : carets.rindex("^") + 1] == '"47.2"'
    assert shown[4].startswith("  passed   bracket_repetition, duplicate_keys, grounding,")
    assert shown[5] == "  skipped  exact_fields (the case has no reference)"


def test_a_reference_judges_the_last_answer_again(capsys):
    talking = session({"base:x": lambda *_: GOOD}, "json_extraction")
    wrong = GOOD.replace("47.2", "5")
    out, err = talk(capsys, talking, LINE, f"/reference {wrong}", "/reference {", "/reference")
    assert "exact_fields: wrong_value: /amount: expected 5, found 47.2" in out
    assert "the reference is not valid JSON" in err
    assert err.count("\n") == 1
    assert "exact_fields" in next(x for x in out.splitlines()[::-1] if "passed" in x)


def test_several_models_answer_below_one_another(capsys):
    answers = {"base:x": lambda *_: "left", "gguf:y": lambda *_: "right"}
    out, _ = talk(capsys, session(answers), "Hi")
    assert out.splitlines()[0::3][:2] == ["A  base:x", "B  gguf:y"]
    assert [line for line in out.splitlines() if line in ("left", "right")] == ["left", "right"]


def test_what_a_model_writes_moves_no_cursor(capsys):
    hostile = '\x1b[2J\x1b]0;title\x07{"a":\r 1}\u202e\x9b31m\n::error::x'
    for task in (None, "json_extraction"):
        out, _ = talk(capsys, session({"base:x": lambda *_: hostile}, task), "Hi")
        assert not {"\x1b", "\x07", "\r", "\u202e", "\x9b"} & {*out}
        assert "␛[2J" in out
        assert "\n::" not in out


def test_a_mistake_is_one_line_and_the_conversation_goes_on(capsys):
    talking = session({"base:x": say_back}, "code_assistant")
    lines = ["/sav", "/save", "/retry", "Turn it.", "text=x", "/task jsn_extraction", "/set x 1"]
    _, err = talk(capsys, talking, *lines)
    assert err.splitlines() == [
        "harness: no command /sav, did you mean 'save'?",
        "harness: nothing was asked yet",
        "harness: nothing was asked yet",
        "harness: the prompt of code_assistant has 2 variables, type function=... text=...",
        "harness: the prompt asks for function, type function=... too",
        f"harness: --task jsn_extraction: no such task in {TASKS}, did you mean 'json_extraction'?",
        "harness: no parameter 'x', there are max_new_tokens, temperature, top_p, top_k, "
        "repetition_penalty, seed",
    ]
    assert talking.mistakes == 7


def test_a_line_that_is_no_text_is_named_by_its_number(capsys):
    talking = session({"base:x": say_back})
    run_script(talking, iter([b"Hi\n", b"\xff\n", b"/quit\n", b"never"]))
    captured = capsys.readouterr()
    assert captured.err == "harness: line 2 of standard input is no UTF-8\n"
    assert "never" not in captured.out


def test_an_error_of_the_model_is_one_line_and_no_part_of_the_conversation(capsys):
    def broken(ref, request):
        if request.messages[-1].content == "Hi":
            return failed(request, "the prompt has 90 tokens, the model holds 64")
        return say_back(ref, request)

    out, _ = talk(capsys, session({"base:x": broken}), "Hi", "Go")
    expected = (
        "no answer: the prompt has 90 tokens, the model holds 64: the conversation is too long"
    )
    assert expected in out
    assert "1: Go" in out


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (96, "cut at 96 tokens, /set max_new_tokens N allows more"),
        (40, "cut: the model's context of 64 tokens is full, /reset begins anew"),
    ],
)
def test_an_answer_that_is_cut_says_by_what(capsys, tokens, said):
    cut = Completion("{", FinishReason.LENGTH, token_ids=(7,) * tokens, prompt_tokens=24)
    cut = replace(cut, timing=Timing(1.0, 0.5, 1))
    out, _ = talk(capsys, session({"base:x": lambda *_: cut}, "json_extraction"), LINE)
    assert said in out


def test_on_a_terminal_missing_variables_are_asked_for_and_lines_go_on(capsys, monkeypatch):
    typed = iter(["function=flip", "Turn it.", "/task none", "two\\", "lines"])
    prompts = []

    def read(prompt: str) -> str:
        prompts.append(prompt)
        line = next(typed, None)
        if line is None:
            raise EOFError
        return line

    run_terminal(session({"base:x": say_back}, "code_assistant"), read)
    out = capsys.readouterr().out
    assert prompts == ["code_assistant> ", "text: ", "code_assistant> ", "> ", "... ", "> "]
    assert "1: Write the Python function flip" in out
    assert "Task: Turn it.\n" in out
    assert "1: two\nlines\n" in out


def test_ctrl_c_at_the_prompt_ends_nothing(capsys):
    lines = iter([KeyboardInterrupt, "Hi", EOFError])

    def read(prompt: str) -> str:
        if isinstance(line := next(lines), type):
            raise line
        return line

    run_terminal(session({"base:x": say_back}), read)
    out = capsys.readouterr().out
    assert "/quit or Ctrl-D ends" in out
    assert "1: Hi" in out


@pytest.mark.parametrize("columns", [80, 120])
def test_a_wide_terminal_has_the_answers_side_by_side(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert shutil.get_terminal_size().columns == columns
    answers = {"base:x": lambda *_: "left", "gguf:y": lambda *_: "right \x1b[2J"}
    out, _ = talk(capsys, session(answers, screen=TerminalScreen()), "Hi")
    beside = [line for line in out.splitlines() if "left" in line and "right" in line]
    assert bool(beside) == (columns == 120)
    assert "\x1b" not in out
    assert "right ␛[2J" in out


def test_a_mistake_is_folded_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    _, err = talk(capsys, session({"base:x": say_back}, screen=TerminalScreen()), "/set x 1")
    assert max(map(len, err.splitlines())) <= 40
    assert " ".join(err.split()).startswith("harness: no parameter 'x', there are max_new_tokens,")


def test_a_question_that_another_task_does_not_take_is_kept(capsys):
    lines = ["Hi", "/task json_extraction", "/retry", "/task none", "/retry"]
    out, err = talk(capsys, session({"base:x": say_back}), *lines)
    assert err == "harness: variables: the prompt asks for {text}, add it (there are: none)\n"
    assert out.count("1: Hi") == 2


def test_a_script_ends_where_ctrl_c_stops_an_answer(capsys, monkeypatch):
    talking = session({"base:x": say_back})
    whole = ChatModel.ask
    stopped = failed(Request("chat", "a", (), Sampling()), STOPPED)
    answers = [lambda *_: Answer(stopped, "Ye", 1.0, is_stopped=True), whole]
    monkeypatch.setattr(ChatModel, "ask", lambda self, *a: answers.pop(0)(self, *a))
    with pytest.raises(KeyboardInterrupt):
        run_script(talking, iter([b"Hi\n", b"never\n"]))
    assert "never" not in capsys.readouterr().out


def test_an_answer_that_is_none_is_no_reference(capsys):
    talking = session({"base:x": lambda _, r: failed(r, "lost")}, "json_extraction")
    _, err = talk(capsys, talking, LINE, "/reference", "/reference null", "/reference NaN")
    assert err.splitlines() == [
        "harness: there is no whole answer to take, /reference JSON gives another",
        "harness: null is no reference, /reference JSON",
        "harness: the reference is not valid JSON (NaN is no JSON number that a float can hold): "
        "/reference JSON",
    ]


def test_a_row_whose_answer_was_cut_says_so(capsys, tmp_path):
    cut = Completion("Ad", FinishReason.LENGTH, token_ids=(7,))
    rows = tmp_path / "rows.jsonl"
    out, _ = talk(capsys, session({"base:x": lambda *_: cut}), "Hi", f"/save row {rows}")
    assert f"{rows}:1: kept as a row to train on, although it was cut\n" in out


def test_a_prompt_without_variables_takes_any_line(capsys, tmp_path):
    (tmp_path / "fixed").mkdir()
    (tmp_path / "fixed/task.yaml").write_text(
        "description: A.\nprompt: Say it.\noutput: {format: text}\n"
    )
    (tmp_path / "fixed/cases.jsonl").write_text('{"id": "a"}\n')
    talking = session({"base:x": say_back}, tmp_path / "fixed")
    talking.introduce()
    assert "type anything, it has no variables\n" in capsys.readouterr().out


def test_answers_are_held_to_the_tasks_schema_while_it_is_asked(capsys):
    asked = []

    def answer(ref, request):
        asked.append(request.grammar is not None)
        return GOOD

    talking = session({"base:x": answer}, "json_extraction")
    lines = (LINE, "/decode constrained", LINE, "/task none", "/task code_assistant", "/decode x")
    out, err = talk(capsys, talking, *lines, "/decode free", LINE, "/task none", "Hi")
    assert asked == [False, False, True, False, False]  # The first one opened the model.
    assert "  decoding: constrained\n" in out
    assert err.splitlines() == [
        "harness: name a task, whose JSON schema is the grammar, or /decode free first",
        "harness: code_assistant has no answers with a grammar, which values have, or /decode free "
        "first",
        "harness: expected /decode free|constrained",
    ]


def test_greedy_decoding_is_said_to_repeat_itself_only_where_it_does(capsys):
    talking = session({"base:x": say_back})
    same = "greedy decoding: the answer is the same"
    for lines, times in ((("Hi", "/retry"), 1), (("/system S", "/retry"), 0), (("/retry",), 1)):
        for line in lines:
            talking.take(line)
        assert capsys.readouterr().out.count(same) == times


def test_a_model_behind_a_server_takes_no_grammar(capsys):
    talking = session({"base:x": say_back}, "json_extraction", is_constrainable=False)
    _, err = talk(capsys, talking, "/decode constrained")
    assert err == "harness: a model behind a server takes no grammar from here\n"
