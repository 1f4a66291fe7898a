"""Draws answers with the harness' decoder, and rewards them by its checks."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch

from harness.core.errors import HarnessError
from harness.core.plan import Sampling
from harness.stats.repeats import Repeated, pass_at_k
from harness.tasks.judging import applying_checks
from trainers.data.rows import IGNORED
from trainers.model.rewards import ALL_REQUIRED, reward_of
from trainers.run.prompts import Judged, Prompts

BEFORE = -1
"""Stands for the step of what is drawn before the first one."""
PROBE_PROMPTS = 32
"""Prompts of which the rewards are looked at before the first step."""
SHOWN_ANSWERS = 3
"""Different answers to one prompt that are shown."""
MOST_EQUAL = 0.9
"""Share of prompts whose answers are alike, above which there is nothing to learn from."""


class Rollouts:
    """Answers to the prompts of a training, as TRL asks for them: by a prompt's index."""

    def __init__(self, prompts: Prompts, recipe: Any) -> None:
        self._prompts = prompts
        self._recipe = recipe
        judged = applying_checks(prompts.task)
        known = {ALL_REQUIRED, *judged}
        if unknown := [name for name in recipe.rewards if name not in known]:
            raise HarnessError(
                f"rewards: {unknown[0]} is no behavior that the task judges, there are: "
                f"{', '.join(sorted(known))}"
            )

    def draw(self, indices: Sequence[str], trainer: Any) -> dict[str, Any]:
        """Answers to the prompts of these indices, in their order.

        Each answer has its own seed, of the recipe's, the step and its place among those to one
        prompt, so that a resumed training draws the same.
        """
        counts = Counter(indices)
        step = trainer.state.global_step
        answers = self._answers(trainer.model, [*counts], max(counts.values()), step)
        found = [answers[index].pop(0) for index in indices]
        return {
            "prompt_ids": [self._prompts.token_ids(judged.case) for judged in found],
            "completion_ids": [[*judged.completion.token_ids] for judged in found],
            "logprobs": None,
            **{
                f"{name}_reward": [self._reward(name, judged) for judged in found]
                for name in self._recipe.rewards
            },
        }

    def _reward(self, name: str, judged: Judged) -> float:
        return reward_of(name, judged, self._prompts.task.required)

    def reward_functions(self) -> list[Callable[..., list[float]]]:
        """TRL's functions, which take the rewards that were given while drawing."""
        return [_named(name) for name in self._recipe.rewards]

    def require_variance(self, model: Any) -> str:
        """pass@k of the first prompts, as a sentence; refuse where their groups are alike.

        Raises:
            HarnessError: nearly all have.
        """
        count = self._recipe.num_generations
        indices = [str(i) for i in range(min(PROBE_PROMPTS, len(self._prompts.cases)))]
        answers = self._answers(model, indices, count, BEFORE)
        required = self._prompts.task.required
        passed = [sum(judged.passes(required) for judged in own) for own in answers.values()]
        repeated = [Repeated(number, count) for number in passed]
        rates = [(k, pass_at_k(repeated, k)) for k in (1, count)]
        equal = sum(self._are_alike(own) for own in answers.values()) / len(answers)
        shown = ", ".join(f"pass@{k} {found.rate:.0%}" for k, found in rates if found)
        what = f"{shown} of {len(passed)} prompts; of {equal:.0%} all {count} answers earn the same"
        if equal > MOST_EQUAL:
            raise HarnessError(
                f"{what}, so there is next to nothing to learn from: train with sft or rft first, "
                "raise temperature, or choose other prompts"
            )
        return what

    def shown(self, model: Any, count: int) -> list[tuple[str, str]]:
        """The first prompts as the model is asked, and the different answers to each, as lines."""
        prompts, drawn = self._prompts, self._recipe.num_generations
        indices = [str(i) for i in range(min(count, len(prompts.cases)))]
        lines = []
        for index, own in self._answers(model, indices, drawn, BEFORE).items():
            earning = [judged for judged in own if self._earns_all(judged)]
            title = f"{len(earning)} of {drawn} answers earn {', '.join(self._recipe.rewards)}"
            asked = prompts.decoded(prompts.token_ids(own[0].case))
            lines += [(f"row {int(index) + 1}", title), ("masked", asked)]
            by_text = {prompts.decoded(judged.completion.token_ids): judged for judged in own}
            for text, judged in [*by_text.items()][:SHOWN_ANSWERS]:
                lines.append(("earns" if self._earns_all(judged) else "fails", text))
        return lines

    def _earns_all(self, judged: Judged) -> bool:
        return all(self._reward(name, judged) for name in self._recipe.rewards)

    def _are_alike(self, answers: Sequence[Judged]) -> bool:
        return len({tuple(self._reward(n, j) for n in self._recipe.rewards) for j in answers}) == 1

    def kept_rows(self, model: Any, ending: int) -> tuple[tuple[dict[str, list[int]], ...], str]:
        """The rows of answers that earn every reward, each once, and their number as a sentence.

        Args:
            ending: the token that a kept answer ends with, and has nowhere else.

        Raises:
            HarnessError: no answer is kept.
        """
        count, cases = self._recipe.num_generations, self._prompts.cases
        answers = self._answers(model, [*map(str, range(len(cases)))], count, BEFORE)
        passing = {
            index: {tuple(j.completion.token_ids): j for j in own if self._is_kept(j, ending)}
            for index, own in answers.items()
        }
        rows = tuple(
            _row(self._prompts.token_ids(judged.case), ids)
            for kept in passing.values()
            for ids, judged in kept.items()
        )
        having = sum(map(bool, passing.values()))
        drawn = f"{count * len(cases):,} answers"
        what = f"{len(rows):,} different ones of {drawn}, to {having:,} of {len(cases):,} prompts"
        if not rows:
            raise HarnessError(
                f"none of {drawn} earns {', '.join(self._recipe.rewards)}, so "
                "there is nothing to learn from: train with sft first, or raise num_generations"
            )
        return rows, what

    def _is_kept(self, judged: Judged, ending: int) -> bool:
        ids = judged.completion.token_ids
        is_whole = bool(ids) and ids[-1] == ending and ids.count(ending) == 1
        return is_whole and self._earns_all(judged)

    def _answers(
        self, model: Any, indices: Sequence[str], count: int, step: int
    ) -> dict[str, list[Judged]]:
        recipe = self._recipe
        sampling = Sampling(
            max_new_tokens=recipe.max_completion_length,
            temperature=recipe.temperature,
            seed=recipe.seed * 1_000_003 + step,
        )
        cases = [self._prompts.cases[int(index)] for index in indices]
        places = {case.id: index for case, index in zip(cases, indices, strict=True)}
        found: dict[str, list[Judged]] = {index: [] for index in indices}
        with torch.random.fork_rng(devices=[]):
            for judged in self._prompts.answers(model, cases, sampling, count):
                found[places[judged.case.id]].append(judged)
        return found


def _row(prompt: list[int], answer: Sequence[int]) -> dict[str, list[int]]:
    return {"input_ids": [*prompt, *answer], "labels": [*[IGNORED] * len(prompt), *answer]}


def _named(name: str) -> Callable[..., list[float]]:
    def rewards(prompts: Any, completions: Any, **columns: Any) -> list[float]:
        found: list[float] = columns[f"{name}_reward"]
        return found

    rewards.__name__ = name
    return rewards
