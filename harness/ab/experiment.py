"""An experiment: two arms, and the draw of the arm that answers a key.

The draw is a hash of the key and the experiment's name, so that a key gets the same arm from every
server, and a change of the split moves only the keys between the old and the new share.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef

Arm = Literal["baseline", "candidate"]
BASELINE: Arm = "baseline"
CANDIDATE: Arm = "candidate"
ARMS: tuple[Arm, Arm] = (BASELINE, CANDIDATE)
_UNITS = 2**64


@dataclass(frozen=True, slots=True)
class Experiment:
    """Two models, and the share of the keys that the candidate answers."""

    name: str
    """Keys are drawn anew under another name."""
    baseline: ModelRef
    candidate: ModelRef
    split: float
    """Percent of the keys that the candidate answers, between 0 and 100."""

    def ref(self, arm: Arm) -> ModelRef:
        return self.baseline if arm == BASELINE else self.candidate

    def arm_of(self, key: str | None) -> Arm:
        """The arm of a key; drawn at random for a request that has none."""
        drawn = secrets.randbelow(_UNITS) if key is None else place_of(key, self.name)
        return CANDIDATE if drawn < self.split / 100 * _UNITS else BASELINE


def place_of(key: str, experiment: str) -> int:
    """The place of a key among 2**64: BLAKE2b of it, keyed with the experiment's name."""
    name = hashlib.blake2b(experiment.encode(), digest_size=64).digest()
    place = hashlib.blake2b(key.encode(), key=name, digest_size=8, person=b"harness-ab").digest()
    return int.from_bytes(place, "big")


def parse_arms(texts: tuple[str, ...]) -> dict[Arm, ModelRef]:
    """Read ``baseline=REF`` and ``candidate=REF``, in either order.

    Raises:
        HarnessError: they are not these two.
    """
    found: dict[Arm, ModelRef] = {}
    for text in texts:
        name, equals, ref = text.partition("=")
        arm = next((a for a in ARMS if a == name), None)
        if arm is None or not equals or arm in found:
            raise HarnessError(
                f"--ab {' '.join(texts)}: expected baseline=KIND:LOCATION candidate=KIND:LOCATION"
            )
        found[arm] = ModelRef.parse(ref)
    return found
