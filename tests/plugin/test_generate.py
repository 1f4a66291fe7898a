"""``--generate`` as its users meet it: pytest run in a project of its own.

The models are stored runs that answer every prompt that can be drawn or asked about.
"""

import itertools
import json
import shlex
import subprocess
import sys

import pytest

from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.extras import install
from harness.core.plan import Sampling, sha256_of
from harness.core.record import ModelRecord, RunRecord, Sample, TaskRecord
from harness.records.runs import write_run
from tests.models import TINY_QWEN2
from tests.patience import PATIENCE
from tests.project import GOOD, TASK, Project, clean_environment

WORDS = ("ant", "bee", "cat", "dog")
DRAWN = 7
"""With seed 0, none of the drawn prompts is the smallest that fails."""
VARIABLES = """\
variables:
  word: {type: words, of: [ant, bee, cat, dog], min_words: 1, max_words: 3}
"""
SHOUTS = f"{GOOD} ok"


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    project.bundled_suite("test_no_extra_text.py")
    project.task("echo", TASK + VARIABLES)
    return project


def store(project, answer, run="stored", seed=0) -> str:
    """Store a run that answers whatever may be asked; returns the ``--model`` that replays it."""
    texts = [" ".join(w) for n in (1, 2, 3) for w in itertools.product(WORDS, repeat=n)]
    samples = []
    for text, drawn in itertools.product(texts, range(DRAWN)):
        messages = (Message("user", f"Echo {text}."),)
        content = sha256_of([["user", f"Echo {text}."]])[:8]
        case_id = f"generated-{seed}-{drawn}-{content}"
        samples.append(_sample(case_id, messages, answer(text)))
    for case_id, text in drawn_cases(project, seed).items():
        samples.append(_sample(case_id, (Message("user", f"Echo {text}."),), answer(text)))
    write_run(
        RunRecord(
            run,
            "complete",
            "2026-01-01T00:00:00Z",
            1.0,
            "",
            models=(ModelRecord("base:somewhere", "base", "somewhere"),),
            tasks=(
                TaskRecord("echo", "", 1, False, "", None, Sampling(max_new_tokens=16), {}, ()),
            ),
            samples=tuple(samples),
        ),
        project.root / "stored",
    )
    return f"record:stored/{run}"


def _sample(case_id, messages, text) -> Sample:
    sha = sha256_of([{"role": m.role, "content": m.content} for m in messages])
    completion = Completion(text, case_id=case_id)
    return Sample("base:somewhere", "echo", case_id, sha, messages, completion)


def drawn_cases(project, seed=0) -> dict[str, str]:
    from harness.tasks.generate.drawing import Drawing
    from harness.tasks.task import load_task

    task = Drawing(DRAWN, seed).cases_of(load_task(project.root / "tasks/echo"))
    return {case.id: case.variables["word"] for case in task.cases}


def bee_fails(text: str) -> str:
    return SHOUTS if "bee" in text.split() else GOOD


def generate(project, model, *more):
    return project.pytest("suites", "--model", model, "--generate", str(DRAWN), *more)


def test_a_failure_shows_the_smallest_prompt_and_how_to_judge_and_keep_it(project):
    outcome = generate(project, store(project, bee_fails))
    assert outcome.code == 1
    assert outcome.counts() == {"failed": 2}
    shown = outcome.out.partition("test_no_extra_text[")[2]
    assert "the smallest failing prompt, made of generated-0-" in shown
    assert "    user: Echo bee.\n" in shown
    after = shown.partition("user: Echo bee.")[2].splitlines()
    assert after[1].strip().startswith("case generated-0-")
    assert ": text_after: " in after[1]
    assert after[2].strip() == f"| {SHOUTS}"
    assert after[3].index("^") == after[2].index("ok")
    assert after[4].strip().startswith("judge it again: pytest suites/test_no_extra_text.py::test_")
    assert after[5].strip().startswith("keep it as a case: harness task promote ")


def test_the_record_says_what_was_drawn_and_what_was_found(project):
    generate(project, store(project, bee_fails))
    run = project.run()
    assert [s.case_id for s in run.samples] == list(drawn_cases(project))
    assert all(s.tags == ("generated",) and s.variables for s in run.samples)
    (task,) = run.tasks
    assert (task.cases, task.selected, task.generate_seed) == (DRAWN, True, 0)
    found = {c.behavior: c for c in run.counterexamples}
    assert set(found) == {"json_validity", "no_extra_text"}
    smallest = found["no_extra_text"]
    assert smallest.sample.variables == {"word": "bee"}
    assert smallest.sample.completion.text == SHOUTS
    assert smallest.sample.verdicts["no_extra_text"].code == "text_after"
    assert smallest.sample.case_id.startswith(smallest.drawn_from + "-")
    assert not smallest.is_bounded
    assert smallest.requests > smallest.steps > 0


def test_the_command_that_is_shown_judges_the_same_prompt_again(project):
    outcome = generate(project, store(project, bee_fails))
    (command, *_) = [
        line.partition("judge it again: ")[2]
        for line in outcome.out.splitlines()
        if "judge it again: pytest suites/test_no_extra" in line
    ]
    again = project.pytest(*shlex.split(command)[1:])
    assert again.counts() == {"failed": 1}
    (sample,) = project.runs()[1].samples
    assert sample.messages[0].content == "Echo bee."
    assert sample.case_id == project.runs()[0].counterexamples[0].sample.case_id


def test_the_command_that_is_shown_keeps_it_as_a_case(project):
    outcome = generate(project, store(project, bee_fails))
    command = next(
        line.partition("harness ")[2]
        for line in outcome.out.splitlines()
        if "keep it as a case: " in line
    )
    done = subprocess.run(
        [sys.executable, "-m", "harness", *shlex.split(command)],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    last = (project.root / "tasks/echo/cases.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["variables"] == {"word": "bee"}
    assert f"tasks/echo/cases.jsonl:5: {json.loads(last)['id']}" in done.stdout


def test_the_drawn_cases_of_a_run_are_judged_again_and_may_be_compared(project):
    model = store(project, bee_fails)
    generate(project, model)
    first = project.run()
    again = project.pytest("suites", "--model", model, "--generated", "latest")
    assert again.counts() == {"failed": 2}
    second = project.runs()[1]
    assert second.plan_fingerprint == first.plan_fingerprint
    assert second.tasks[0].generate_seed == 0
    assert second.counterexamples == ()


def test_what_holds_for_all_drawn_cases_passes(project):
    outcome = generate(project, store(project, lambda text: GOOD))
    assert outcome.counts() == {"passed": 2}
    assert project.run().counterexamples == ()


def test_a_smaller_prompt_that_fails_in_another_way_is_another_failure(project):
    """One word alone fails as well, but with another code than the drawn ones."""
    model = store(project, lambda text: SHOUTS if " " in text else f"hm {GOOD}")
    generate(project, model, "-k", "no_extra_text")
    (found,) = project.run().counterexamples
    assert found.sample.verdicts["no_extra_text"].code == "text_after"
    assert len(found.sample.variables["word"].split()) == 2


def test_every_behavior_of_the_project_is_shrunk_by_its_own_verdict(project):
    project.suite("""
def test_is_calm(completion, case, task):
    assert task.case(completion.case_id) is case
    assert "dog" not in case.variables["word"], "a dog"
""")
    outcome = project.pytest(
        "suites/test_own.py",
        "--model",
        store(project, lambda text: GOOD),
        "--generate",
        str(DRAWN),
    )
    assert "user: Echo dog." in outcome.out
    assert "assertion: a dog" in outcome.out


@pytest.mark.slow
def test_shrink_requests_bounds_the_search(project):
    model = store(project, bee_fails)
    outcome = generate(project, model, "-k", "no_extra_text", "--shrink-requests", "0")
    assert "no smaller one was asked about" in outcome.out
    outcome = generate(project, model, "-k", "no_extra_text", "--shrink-requests", "2")
    assert "then stopped: there may be a smaller one" in outcome.out
    counts = [run.counterexamples[0].requests for run in project.runs()]
    assert counts == [0, 2]


def test_another_seed_draws_other_cases(project):
    model = store(project, bee_fails, seed=3)
    generate(project, model, "--generate-seed", "3")
    run = project.run()
    assert run.samples[0].case_id == "generated-3-0"
    assert run.tasks[0].generate_seed == 3


def test_two_models_are_judged_one_after_the_other(project):
    good, bad = store(project, lambda t: GOOD, "good"), store(project, bee_fails, "bad")
    outcome = project.pytest(
        "suites", "-v", "--model", good, "--model", bad, "--generate", str(DRAWN)
    )
    assert outcome.counts() == {"passed": 2, "failed": 2}
    items = [line for line in outcome.out.splitlines() if line.startswith("suites/test_")]
    assert ["stored/good" in line for line in items[:4]] == [True, True, False, False]
    assert {c.sample.model for c in project.run().counterexamples} == {bad}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--generate", "3", "--limit", "2"],
            "--generate 3 draws its own cases, leave out --limit",
        ),
        (
            ["--generate", "3", "--per-case"],
            "--generate 3 draws its own cases, leave out --per-case",
        ),
        (["--generate", "3", "--generated", "r"], "takes drawn ones: keep one"),
        (["--generated", "nonesuch"], "--generated: run 'nonesuch'"),
        (["--generated", "stored/plain"], "the run has no drawn case, name one made with"),
        (["--generate", "3", "--task", "plain"], "--task plain: does not say how to draw"),
        (["--generate", "3", "--tasks-dir", "others"], "plain: does not say how to draw its cases"),
    ],
)
def test_a_mistake_is_one_line(project, arguments, said):
    project.task("plain")
    (project.root / "others").mkdir()
    (project.root / "tasks/plain").rename(project.root / "others/plain")
    model = "record:stored/plain"
    project.task("plain")
    project.store(run="plain", task="plain")
    outcome = project.pytest("suites", "--model", model, *arguments)
    assert outcome.code == 4, outcome.out
    (line,) = [ln for ln in outcome.err.splitlines() if ln.strip()]
    assert line.startswith("ERROR: ")
    assert said in line


def test_tasks_that_say_nothing_are_left_out(project):
    project.task("plain")
    generate(project, store(project, bee_fails))
    assert [task.name for task in project.run().tasks] == ["echo"]


HIDE_HYPOTHESIS = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "hypothesis":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""


def test_without_hypothesis_everything_else_works_and_generate_says_what_it_needs(project):
    model = project.store()
    project.write("hide.py", HIDE_HYPOTHESIS)
    arguments = ["-p", "hide", "suites", "--model", model]
    path = f"{project.root}:{clean_environment()['PYTHONPATH']}"
    assert project.pytest(*arguments, PYTHONPATH=path).counts() == {"passed": 2}
    outcome = project.pytest(*arguments, "--generate", "3", PYTHONPATH=path)
    assert outcome.code == 4
    assert "ERROR: --generate: hypothesis is not installed" in outcome.err
    assert install("generate") in outcome.err


def test_a_session_without_generate_imports_no_hypothesis(project):
    project.write("tasks/echo/cases.py", "raise RuntimeError('run')\n")
    project.task("echo", TASK)
    project.write(
        "conftest.py",
        "import sys\n\ndef pytest_unconfigure():\n"
        "    print('loaded:', 'hypothesis.core' in sys.modules)\n",
    )
    # pytest runs without hypothesis' own plugin, which imports it at the end of a session.
    outcome = project.pytest("suites", "--model", project.store(), is_forked=False)
    assert outcome.counts() == {"passed": 2}
    assert "loaded: False" in outcome.out


@pytest.mark.slow
def test_a_real_model_is_asked_for_the_candidates_in_batches(project):
    project.suite("""
def test_is_short(completion):
    assert len(completion.text) < 1, "it says something"
""")
    outcome = project.pytest(
        "suites/test_own.py",
        "--model",
        f"base:{TINY_QWEN2}",
        "--generate",
        "4",
        "--shrink-requests",
        "40",
        "--device",
        "cpu",
    )
    assert outcome.counts() == {"failed": 1}, outcome.out + outcome.err
    (found,) = project.run().counterexamples
    assert found.sample.variables == {"word": "ant"}
    assert found.sample.completion.text
    assert found.sample.completion.timing.batch_rows > 1
