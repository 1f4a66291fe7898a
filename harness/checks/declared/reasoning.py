"""The declaration of reasoning: ``reasoning`` of an output."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _are_distinct(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    openings, closings = ({pair[side] for pair in pairs} for side in (0, 1))
    if blank := [pair for pair in pairs if not (pair[0].strip() and pair[1].strip())]:
        raise ValueError(f"{list(blank[0])}: a mark of reasoning must not be blank")
    if both := sorted(openings & closings):
        raise ValueError(f"{both[0]!r} opens and closes reasoning, the two marks must differ")
    return pairs


OwnMarks = Annotated[tuple[tuple[str, str], ...], AfterValidator(_are_distinct)]


class Reasoning(BaseModel):
    """Reasoning before an answer: how it is known, and whether it may be there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    marks: OwnMarks = ()
    """Opening and closing marks, letter for letter, beside those that are known."""
    allowed: bool = False
    """It may stand before an answer."""


def _reasoning(value: Any) -> Any:
    """The short forms: ``allowed``, ``forbidden``, or a list of marks."""
    if value in ("allowed", "forbidden"):
        return {"allowed": value == "allowed"}
    if not isinstance(value, list | tuple):
        return value
    if all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value):
        _are_distinct(tuple((str(first), str(last)) for first, last in value))
    return {"marks": value}


Reasonings = Annotated[
    Reasoning,
    BeforeValidator(_reasoning),
    Field(
        description="a list of pairs of an opening and a closing mark, all of them distinct, or "
        "allowed or forbidden, or both: {allowed: true, marks: [...]}"
    ),
]
