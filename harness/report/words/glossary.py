"""The words of terminal, page and records, explained: for ``harness explain`` and the docs.

A meaning is one paragraph of Markdown without links; ``page`` names the page of docs/ with more.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A word and its meaning."""

    word: str
    meaning: str
    page: str = ""
    """Page of docs/, with an anchor or not; empty where there is no more to say."""
    also: tuple[str, ...] = ()
    """Other spellings by which it is found."""


TERMS = (
    Term(
        "adapter",
        "A small set of weights that fine-tuning adds to a base model, such as a LoRA. "
        "`adapter:FOLDER` opens one over the base that it names.",
        "models.md",
        ("lora",),
    ),
    Term(
        "anchor",
        "The second record of a baseline's name, which stays where the baseline moves with "
        "every accepted change. The gate decides against both, so that many small losses are "
        "seen.",
        "baselines.md#it-moves-with-every-accepted-change-the-anchor",
    ),
    Term(
        "attempt",
        "A run of the same weights on the same plan, or of other weights against the same "
        "record of a baseline. Run often enough, any model passes by chance, so the gate says "
        "how many there were.",
        "baselines.md#it-is-tried-until-one-passes-the-ledger",
    ),
    Term(
        "baseline",
        "A stored run that later runs are held against, under a name: a file to commit.",
        "baselines.md",
    ),
    Term(
        "behavior",
        "A property that every answer should have, such as `json_validity`. It is a test "
        "function over one completion (or over all of a run) and becomes one pytest item for "
        "each model and task. It passes when its pass rate meets the task's budget.",
        "writing-a-behavior.md",
    ),
    Term(
        "broke, fixed",
        "Cases that flipped between two runs: *broke* passed before and fails after, *fixed* "
        "failed before and passes after. Cases with the same outcome on both sides say "
        "nothing about the change.",
        "gate.md#commands",
        ("broke", "fixed", "flip"),
    ),
    Term(
        "budget",
        "The least pass rate that a task accepts of a behavior (95% where it names none), or "
        "the most seconds or megabytes. A missed budget fails the pytest item.",
        "writing-a-task.md#taskyaml",
    ),
    Term(
        "case",
        "One prompt of a task, with its id, its variables and mostly a reference: a line of "
        "`cases.jsonl`.",
        "writing-a-task.md#casesjsonl",
    ),
    Term(
        "cause",
        "Cases that fail in one way: one failure code, place in the answer and JSON pointer.",
        "gate.md#commands",
    ),
    Term(
        "check",
        "The code that judges one completion for a behavior and answers with a verdict. It "
        "sees the raw text.",
        "reference/behaviors.md",
    ),
    Term(
        "completion",
        "What a model answered to a prompt: the raw text, never stripped or repaired, with "
        "the reason why it ended.",
        "reference/files.md#completion",
        ("answer",),
    ),
    Term(
        "certainty",
        "The probability that the model itself gave a token, kept by `--logprobs` as its natural "
        "logarithm with the likeliest other token, the runner-up. The page marks tokens under 0.9.",
        "certainty.md",
        ("logprob", "logprobs", "log-probability", "runner-up", "probability"),
    ),
    Term(
        "composite",
        "`format_success_rate`: the share of cases in which every required behavior of the "
        "task passes. The gate's sentence is about it.",
        "gate.md#commands",
        ("format_success_rate", "required"),
    ),
    Term(
        "constrained decoding",
        "Decoding in which a grammar, made of the task's JSON schema, forbids every token "
        "with which the answer could not become a valid value (`--decode constrained`).",
        "constrained-decoding.md",
        ("grammar",),
    ),
    Term(
        "corrupted reference",
        "A perfect answer with one known defect. `harness task check` asks that each fails "
        "exactly the behaviors that its defect breaks: it tests the task and the checks, not "
        "a model.",
        "writing-a-task.md#a-folder",
        ("corruption",),
    ),
    Term(
        "counterexample",
        "The smallest generated prompt that was found to fail a behavior.",
        "generated-prompts.md",
    ),
    Term(
        "design effect",
        "The factor by which cases that share a wording make an interval wider than as many "
        "independent cases would, because they pass and fail together. The harness does not "
        "assume one: it computes the interval over wordings.",
        "statistics.md#the-interval-of-a-rate",
        ("cluster",),
    ),
    Term(
        "drift",
        "A change in which failures occur, not only in how many: the failure codes of two "
        "runs held against each other.",
        "report.md",
    ),
    Term(
        "endpoint",
        "A model behind a server that speaks OpenAI's protocol (`endpoint:URL#NAME`). Its "
        "weights are known to its server alone.",
        "endpoints.md",
    ),
    Term(
        "error",
        "An answer or a verdict that could not be had: the model's process crashed, hung or "
        "ran out of memory, or the task is broken. It is never a pass and never a failure of "
        "the model.",
        "reference/files.md#verdict",
    ),
    Term(
        "failure code",
        "The kind of a failure, such as `text_after` or `missing_key`, by which reports count.",
        "reference/behaviors.md#failure-codes",
        ("code",),
    ),
    Term(
        "gate",
        "The decision whether a change made the model worse: pass, regression, inconclusive "
        "or not comparable, as a sentence and an exit code.",
        "gate.md",
    ),
    Term(
        "greedy",
        "Decoding that takes the likeliest token at each step (temperature 0). The same "
        "prompt gives the same answer, but for rounding in other batches.",
        "reference/task.md#sampling",
    ),
    Term(
        "grounding",
        "The behavior that every declared value of an answer stands in the prompt, so that "
        "nothing is made up.",
        "reference/behaviors.md#grounding",
        ("grounded", "ungrounded"),
    ),
    Term(
        "inconclusive",
        "The gate's outcome where the cases decide neither for a pass nor for a regression. "
        "It is no pass: the output says how many more cases would decide.",
        "gate.md#what-each-outcome-asks-of-you",
    ),
    Term(
        "interval",
        "The range of rates that the judged cases are compatible with, at 95% where nothing "
        "else is said. Of 20 such ranges, 19 contain the true rate.",
        "numbers.md",
        ("confidence interval",),
    ),
    Term(
        "kept skill",
        "A skill that is not what a model is trained for and that training must not cost: a task "
        "with kept: true. Four come along (--task kept). The gate holds it to kept_margin.",
        "kept-skills.md",
        ("kept", "what else broke"),
    ),
    Term(
        "ledger",
        "The file with a line for each decision against a baseline's name and each saved baseline.",
        "baselines.md#it-is-tried-until-one-passes-the-ledger",
    ),
    Term(
        "margin",
        "The drop that a gate accepts: 0.02 is two points of 100. A pass means that the drop "
        "is below it, not that no drop was found.",
        "gate-reference.md",
    ),
    Term(
        "must_pass",
        "A case whose failure the gate calls a regression whatever the rates say, also where it "
        "failed before: a pinned case.",
        "writing-a-task.md#casesjsonl",
        ("pinned",),
    ),
    Term(
        "noise",
        "The share of cases whose outcome flips between two runs of one model, because "
        "rounding differs with the batch. A loss counts only beyond it.",
        "baselines.md#it-flips-by-itself-measured-noise",
        ("a/a", "noise floor", "ab-noise"),
    ),
    Term(
        "parity",
        "The comparison of models that were made from one another (base, adapter, merged, "
        "GGUF): the same tokens for the same prompts, the same first token, the same answers.",
        "parity.md",
    ),
    Term(
        "partial run",
        "A run that was interrupted. It is kept, and never becomes a baseline or passes a gate.",
        "gate.md#what-each-outcome-asks-of-you",
    ),
    Term(
        "pass@k, pass^k",
        "With k sampled answers to each case: the share of cases of which any answer passes, "
        "and the share of which all pass.",
        "gate-reference.md",
        ("pass@k", "pass^k", "repeats"),
    ),
    Term(
        "plan",
        "Every request of a run, known before the first token: prompts, decoding, repeats. "
        "Two runs are compared where their plans are the same.",
        "planning.md",
    ),
    Term(
        "points",
        "Percentage points: a fall from 90% to 88% is two points.",
        "numbers.md",
    ),
    Term(
        "power",
        "The share of runs in which a real drop of a given size is shown. More cases and more "
        "wordings raise it.",
        "planning.md",
    ),
    Term(
        "preference pair",
        "A prompt with an answer to prefer (`chosen`) and one to avoid (`rejected`), which "
        "`dpo` trains on. `harness mine` makes them of judged answers.",
        "mining.md",
    ),
    Term(
        "recipe",
        "The YAML file from which `harness train` trains one adapter.",
        "training.md#recipes",
    ),
    Term(
        "record",
        "The files of a run: every answer, every verdict, and the hashes of what produced "
        "them. `record:RUN` replays one without a model.",
        "reference/files.md",
        ("run",),
    ),
    Term(
        "reference",
        "The perfect answer to a case. `exact_fields` compares values with it, and it is what "
        "`harness task check` grades.",
        "writing-a-task.md#casesjsonl",
    ),
    Term(
        "regression",
        "The gate's outcome where more cases broke than chance explains, a pinned case broke, "
        "or a limit of time or memory was crossed.",
        "gate.md",
    ),
    Term(
        "repair",
        "What a program can do to make JSON of an answer that is not: take fences and chatter "
        "away, close brackets. `repair_lift` reports the rate before and after; no other "
        "behavior repairs.",
        "reference/behaviors.md#repair_lift",
        ("repair_lift",),
    ),
    Term(
        "review",
        "A person's verdicts on answers, with stars, tags and notes, made on the page and exported "
        "as a file. A star makes a must-pass case.",
        "report.md#your-review",
    ),
    Term(
        "right answers",
        "The share of cases whose answer has the values of its reference (`exact_fields`): a "
        "headline of its own, as an answer may have the wanted format and a wrong value.",
        "report.md#the-cases",
    ),
    Term(
        "saturated",
        "A suite on which every case passes on both sides. It can show losses and no gains: "
        "harder cases would show both.",
        "gate.md#commands",
    ),
    Term(
        "selection",
        "The cases of a task that a run asked: all, those of `--limit` and the like, or drawn "
        "ones. A line of a history has one selection.",
        "report.md#all-runs",
    ),
    Term(
        "shard",
        "A part of a divided run, for several machines. It decides no budget; the merged run does.",
        "scale.md#shards",
    ),
    Term(
        "span",
        "The place of a failure in the raw text, underlined in terminal and page.",
        "reference/files.md#verdict",
    ),
    Term(
        "store",
        "The answers that are kept between runs, by the content of model and prompt, so that "
        "none is generated twice.",
        "store.md",
    ),
    Term(
        "task",
        "A folder that says what is asked and what a good answer must be: `task.yaml`, "
        "`cases.jsonl`, mostly `schema.json`.",
        "writing-a-task.md",
    ),
    Term(
        "verdict",
        "The result of a check on one completion: passed, failed (the model's fault), skipped "
        "(nobody's) or error (the harness's or the task's), with a code, one line of reason "
        "and the place.",
        "reference/files.md#verdict",
    ),
    Term(
        "wording",
        "One way to ask: the `template` that cases were made from, with other names, dates "
        "and amounts filled in. Cases of one wording pass and fail together, so rates have "
        "intervals over new wordings.",
        "gate.md#two-questions",
        ("template",),
    ),
)


def terms_of(word: str) -> tuple[Term, ...]:
    """The terms by that name or other spelling; several where a spelling is shared."""
    wanted = _plain(word)
    return tuple(t for t in TERMS if wanted in map(_plain, (t.word, *t.also)))


def spellings() -> list[str]:
    """Every word that finds a term."""
    return [spelling for term in TERMS for spelling in (term.word, *term.also)]


def _plain(word: str) -> str:
    return " ".join(word.lower().replace("_", " ").replace("-", " ").split())
