"""Importance matrices of both forms, and files that are none."""

import struct

import numpy as np
import pytest

from harness.core.errors import HarnessError
from harness.export.gguf.imatrix_file import (
    ImportanceMatrix,
    check_matrix,
    is_matrix,
    read_matrix,
    without_matrix,
    write_matrix,
)
from harness.export.gguf.quantizer import named
from harness.model_files.gguf_header import GgufHeader, GgufTensor

WEIGHT = "blk.0.attn_q.weight"


def dat(*entries, count=None):
    """The older form: name, calls, numbers of each weight."""
    raw = struct.pack("<i", len(entries) if count is None else count)
    for name, calls, values in entries:
        raw += struct.pack("<i", len(name)) + name.encode()
        raw += struct.pack("<ii", calls, len(values)) + np.array(values, np.float32).tobytes()
    return raw


def test_what_is_written_is_read_as_means(tmp_path):
    path = tmp_path / "m.gguf"
    write_matrix(path, {WEIGHT: np.array([4.0, 9.0])}, {WEIGHT: 2}, "the task")
    matrix = read_matrix(path)
    assert matrix.values[WEIGHT].tolist() == [2.0, 4.5]
    assert matrix.datasets == ("the task",)
    assert is_matrix(path)


def test_the_older_form_is_divided_by_its_calls(tmp_path):
    path = tmp_path / "m.dat"
    path.write_bytes(dat((WEIGHT, 2, [4, 9]), ("x", 0, [1])) + struct.pack("<ii", 7, 0))
    values = read_matrix(path).values
    assert (values[WEIGHT].tolist(), values["x"].tolist()) == ([2.0, 4.5], [1.0])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 8,
        dat((WEIGHT, 1, [1, 2]))[:-3],
        dat((WEIGHT, 1, [1]), count=1 << 30),
        struct.pack("<ii", 1, 1 << 30) + b"x" * 40,
        struct.pack("<ii", 1, 1) + b"a" + struct.pack("<ii", 1, -4) + b"x" * 40,
        dat((WEIGHT, 1, [float("nan")])),
        dat((WEIGHT, 1, [-1])),
        b"GGUF" + b"\xff" * 60,
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path, raw):
    path = tmp_path / "m.dat"
    path.write_bytes(raw)
    with pytest.raises(HarnessError) as error:
        read_matrix(path)
    (line,) = error.value.mistakes
    assert line.startswith(f"--imatrix {path}: ")


def test_a_matrix_of_another_model_is_refused(tmp_path):
    path = tmp_path / "m.dat"
    path.write_bytes(dat((WEIGHT, 1, [1, 2])))
    matrix = read_matrix(path)
    for name, columns, said in ((WEIGHT, 3, "has 2 columns, this one's 3"), ("x", 2, "which has")):
        header = GgufHeader({}, {name: GgufTensor("F32", (4, columns), 0, 0)}, 0)
        with pytest.raises(HarnessError, match=said):
            check_matrix(path, matrix, header)
    check_matrix(path, matrix, GgufHeader({}, {WEIGHT: GgufTensor("F32", (4, 2), 0, 0)}, 0))


def test_weights_that_a_matrix_lacks_are_named():
    shapes = {
        WEIGHT: (4, 2),
        "blk.0.attn_k.weight": (4, 2),
        "blk.0.attn_norm.weight": (2,),
        "output.weight": (9, 2),
    }
    tensors = {name: GgufTensor("F32", shape, 0, 0) for name, shape in shapes.items()}
    matrix = ImportanceMatrix({WEIGHT: np.ones(2, np.float32)})
    assert without_matrix(matrix, GgufHeader({}, tensors, 0)) == ("blk.0.attn_k.weight",)


def test_names_of_data_are_cut_between_characters():
    assert named(["a", "b"]) == b"a, b"
    assert named(["ü" * 100]).decode("utf-8") == "ü" * 63
