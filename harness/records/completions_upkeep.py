"""Looks after the store of completions: what it holds, what is damaged, what nobody uses."""

from dataclasses import dataclass

from harness.records.completions import Completions, digest_of


@dataclass(frozen=True, slots=True)
class ModelAnswers:
    """How many answers of one model there are."""

    model: str
    """The model's key."""
    ref: str
    """The name by which it was last opened."""
    answers: int
    first: str
    """Time of its oldest answer, UTC, RFC 3339."""
    last: str


def counted(store: Completions) -> list[ModelAnswers]:
    """The models that have answers, those with the most first."""
    with store.transaction() as connection:
        rows = connection.execute(
            "select a.model, coalesce(m.ref, '?'), count(*), min(a.created), max(a.created) "
            "from answers a left join models m on m.model = a.model "
            "group by a.model order by count(*) desc, a.model"
        ).fetchall()
    return [ModelAnswers(*row) for row in rows]


def verify(store: Completions) -> tuple[int, list[str]]:
    """The number of whole answers, and a line for each damage."""
    with store.transaction() as connection:
        found = [str(row[0]) for row in connection.execute("pragma integrity_check")]
        damage, whole = [line for line in found if line != "ok"], 0
        for row in connection.execute(
            "select model, request, answer, run, created, digest from answers"
        ):
            if digest_of(*row[:5]) == row[5]:
                whole += 1
            else:
                damage.append(f"the answer {row[1][:12]} of model {row[0][:12]} was changed")
    return whole, damage


def drop_unused(store: Completions, before: float) -> int:
    """Remove the answers that were last used before this time, in seconds of the epoch; returns
    their number."""
    with store.transaction() as connection:
        return connection.execute("delete from answers where used < ?", (before,)).rowcount


def shrink(store: Completions, max_bytes: int) -> int:
    """Remove the answers that were not used for the longest until the file takes about so many
    bytes; returns their number."""
    size = store.size_bytes
    if size <= max_bytes:
        return 0
    with store.transaction() as connection:
        texts = connection.execute("select total(length(answer)) from answers").fetchone()[0]
        # What a row has beside its text is taken to shrink as the texts do.
        return connection.execute(
            "delete from answers where (model, request) in (select model, request from ("
            "select model, request, sum(length(answer)) over "
            "(order by used desc, model, request) as kept from answers) where kept > ?)",
            (texts * max_bytes / size,),
        ).rowcount


def clear(store: Completions, ref: str) -> int:
    """Remove all answers of the models that were last opened by this name; returns their number."""
    with store.transaction() as connection:
        removed = connection.execute(
            "delete from answers where model in (select model from models where ref = ?)", (ref,)
        ).rowcount
        connection.execute("delete from models where ref = ?", (ref,))
    return removed
