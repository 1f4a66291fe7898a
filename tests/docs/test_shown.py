from tests.docs.shown import missing_line

PRINTED = "read 3 rows\n\nwrote out.gguf: 1.2 MB in 4.2 s\nlast line\n"


def test_lines_follow_each_other():
    assert missing_line(PRINTED, ["read 3 rows", "last line"]) == "last line"
    assert missing_line(PRINTED, ["read 3 rows", "...", "last line"]) is None


def test_a_number_that_was_not_measured_must_be_the_same():
    assert missing_line(PRINTED, ["read 4 rows"]) == "read 4 rows"


def test_times_and_memory_may_differ():
    assert missing_line(PRINTED, ["...", "wrote out.gguf: 0.9 MB in 61.0 s"]) is None


def test_dots_inside_a_line_stand_for_anything():
    assert missing_line(PRINTED, ["...", "wrote out...in 4.2 s"]) is None
    assert missing_line(PRINTED, ["...", "wrote out...hours"]) == "wrote out...hours"
