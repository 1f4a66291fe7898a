"""Runs of two made-up models and what parity says of them, for tests that open no model."""

from harness.core.case import Message
from harness.core.completion import Completion, FinishReason
from harness.core.plan import Sampling
from harness.core.record import (
    FORMAT_SUCCESS,
    BehaviorResult,
    ModelRecord,
    RunRecord,
    Sample,
    TaskRecord,
)
from harness.core.verdict import FailureCode, Verdict
from harness.parity.values import (
    AnswerParity,
    Divergence,
    FirstStep,
    Flips,
    ModelMeasure,
    PairParity,
    Parity,
    PromptMismatch,
    SettingDifference,
    StepMismatch,
    TokenizationParity,
    TokenText,
)

BEFORE, AFTER = "merged:out/gone/m", "gguf:out/gone/m.gguf"


def sample(model, case_id, text, token_ids, *, passed=True, error=None, reason="stop"):
    verdict = Verdict.passed() if passed else Verdict.failed(FailureCode.SYNTAX, "no JSON")
    return Sample(
        model=model,
        task="echo",
        case_id=case_id,
        prompt_sha256="0" * 64,
        messages=(Message("user", case_id),),
        completion=Completion(
            text,
            FinishReason.ERROR if error else FinishReason(reason),
            case_id,
            token_ids=token_ids,
            error=error,
        ),
        verdicts={} if error else {"json_validity": verdict},
    )


def run(*samples, models=(BEFORE, AFTER)):
    return RunRecord(
        id="made-up",
        status="complete",
        created="2026-01-01T00:00:00Z",
        seconds=1.0,
        plan_fingerprint="",
        models=tuple(
            ModelRecord(ref, ref.partition(":")[0], ref.rpartition("/")[2]) for ref in models
        ),
        tasks=(TaskRecord("echo", "", 3, False, "", None, Sampling(), {}, ("json_validity",)),),
        results=tuple(
            BehaviorResult(ref, "echo", FORMAT_SUCCESS, 1, 1, rate=rate)
            for ref, rate in zip(models, (1.0, 0.5), strict=False)
        ),
        samples=samples,
    )


def parity(text="x", **changes):
    """Everything that parity can say, once; ``text`` stands wherever a model's text may."""
    divergence = Divergence(
        "case-2",
        0,
        7,
        TokenText(5, text),
        None,
        0.25,
        None,
        None,
        regressed=("json_validity",),
        fixed=("grounding",),
    )
    pair = PairParity(
        BEFORE,
        AFTER,
        is_copy=True,
        reading=TokenizationParity(
            3,
            1,
            (PromptMismatch("echo", "case-1", "tokens", 4, f"{text!r} (5)", f"{text!r} (6)"),),
            (SettingDifference("end of answer", "2", "3", True),),
        ),
        first_step=FirstStep(
            3, 2, 1.5, 0.01,
            (StepMismatch("echo", "case-1", TokenText(5, text), TokenText(6, None), 0.5, 0.125),),
        ),
        answers=(
            AnswerParity(
                "echo", 3, 2, (Flips(FORMAT_SUCCESS, 1.0, 2 / 3, 1, 0),), (divergence,)
            ),
        ),
        notes=("not measured: something",),
    )  # fmt: skip
    values = {
        "run": "made-up",
        "models": (
            ModelMeasure(BEFORE, "m", 7_100_000, 400.0, 1500.0, {"echo": 0.1}, {"echo": 0.2},
                         {"echo": 1.0}),
            ModelMeasure(AFTER, "m.gguf", error=f"it broke {text}"),
        ),
        "pairs": (pair,),
    }  # fmt: skip
    return Parity(**{**values, **changes})
