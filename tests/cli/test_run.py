"""The arguments of a shard's session that its merging repeats."""

from harness.cli.run import kept


def test_what_selects_suites_cases_and_decoding_is_kept():
    given = "suites -k not--harness-fresh --task echo --temperature=0.7 --per-case -q -x"
    machine = "--model base:m --shard 2/8 --shard=2/8 -n 4 -n4 --fresh --device cuda --run-id=a"
    machine += " --engine ray --workers 2 --ray-address=localhost:6379"
    machine += " --harness-device=cpu --harness-fresh"
    assert list(kept(f"{machine} {given} --junitxml x.xml".split())) == given.split()
