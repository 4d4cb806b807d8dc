"""Bad input of `tusker issues`: every kind is refused with exit code 2, nothing on standard output
and the words that a person needs: which argument, which row, which rule."""

import io
import json
import os
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TUSKER_BINARY", ROOT / "build/dev/bin/tusker"))


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def header(text, version=1):
    """A .npy file with this dictionary and 64 bytes of zeros."""
    text = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(text)) + text + bytes(64)


def npz(method=zipfile.ZIP_DEFLATED, **arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, array in arrays.items():
            content = array if isinstance(array, bytes) else npy(array)
            archive.writestr(f"{name}.npy", content)
    return out.getvalue()


def bomb():
    """A .npz of a few hundred bytes whose directory promises 4 GB, and a header that agrees."""
    small = header("{'descr': '|u1', 'fortran_order': False, 'shape': (4294967000, 2), }")
    archive = bytearray(npz(probs=small))
    for magic, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = archive.index(magic) + at
        archive[place : place + 4] = struct.pack("<I", 0xFFFFFFF0)
    return bytes(archive)


def with_value(row, column, value, dtype=float):
    probs = PROBS.astype(dtype)
    probs[row, column] = value
    return npy(probs)


def with_label(row, value):
    labels = LABELS.copy()
    labels[row] = value
    return npy(labels)


LABELS = np.arange(60) % 3
PROBS = np.full((60, 3), 0.1) + 0.7 * np.eye(3)[LABELS]
OBJECTS = np.array([0, "a", None], dtype=object)

# name: (labels file, its bytes), (probabilities file, its bytes), words of the message
GOOD_LABELS = ("labels.npy", npy(LABELS))
GOOD_PROBS = ("probs.npy", npy(PROBS))
CLASSIFICATION = {
    # shapes
    "labels shorter": (("l.npy", npy(LABELS[:-1])), GOOD_PROBS, ["labels has 59 rows", "60"]),
    "labels longer": (("l.npy", npy(np.arange(61) % 3)), GOOD_PROBS, ["labels has 61 rows", "60"]),
    "labels 2-d": (("l.npy", npy(LABELS[:, None])), GOOD_PROBS, ["labels", "has 2 dimensions"]),
    "probs 1-d": (GOOD_LABELS, ("p.npy", npy(PROBS[:, 0])), ["probabilities", "has 1 dimensions"]),
    "probs 3-d": (GOOD_LABELS, ("p.npy", npy(PROBS[None])), ["probabilities", "has 3 dimensions"]),
    "one class": (
        (("l.npy", npy(np.zeros(60, int)))),
        ("p.npy", npy(np.ones((60, 1)))),
        ["probabilities have 1 columns", "at least 2 classes"],
    ),
    "no rows": (
        ("l.npy", npy(LABELS[:0])),
        ("p.npy", npy(PROBS[:0])),
        ["probabilities have 0 rows"],
    ),
    "no columns": (GOOD_LABELS, ("p.npy", npy(PROBS[:, :0])), ["probabilities have 0 columns"]),
    # labels
    "label too large": (("l.npy", with_label(7, 3)), GOOD_PROBS, ["labels[7] = 3", "below 3"]),
    "label negative": (("l.npy", with_label(7, -1)), GOOD_PROBS, ["labels[7] = -1", ">= 0"]),
    "label huge": (("l.npy", with_label(7, 2**40)), GOOD_PROBS, ["labels[7] = 1099511627776"]),
    "float labels": (("l.npy", npy(LABELS * 1.0)), GOOD_PROBS, ["labels", "float64", "integers"]),
    "one label only": (("l.npy", npy(LABELS * 0 + 1)), GOOD_PROBS, ["labels", "every one", "two"]),
    "text labels": (("l.npy", npy(np.array(["a"] * 60))), GOOD_PROBS, ["labels", "<U1"]),
    "csv float label": (("l.csv", b"0\n1.0\n2\n"), GOOD_PROBS, ["labels[1] = 1.0", "integer"]),
    "csv name, none known": (("l.csv", b"0\ncat\n"), GOOD_PROBS, ["labels[1] = cat", "--classes"]),
    "csv blank label": (("l.csv", b"0\n\n1\n"), GOOD_PROBS, ["labels[1]", "line 2", "a label on"]),
    "csv empty": (("l.csv", b""), GOOD_PROBS, ["labels has 0 rows"]),
    "csv wrong name": (
        ("l.csv", b"cat\ncatt\n"),
        ("p.csv", b"cat,dog\n0.5,0.5\n0.5,0.5\n"),
        ["labels[1] = catt", "did you mean 'cat'"],
    ),
    "csv wrong name first": (
        ("l.csv", b"catt\ncat\n"),
        ("p.csv", b"cat,dog\n0.5,0.5\n0.5,0.5\n"),
        ["labels", "'catt'", "taken for a header"],
    ),
    "csv two columns": (("l.csv", b"a,b\n1,2\n"), GOOD_PROBS, ["labels", "a, b", "name one"]),
    "json float label": (("l.json", b"[0, 1.5]"), GOOD_PROBS, ["labels[1] = 1.5", "integer"]),
    "json null label": (("l.json", b"[0, null]"), GOOD_PROBS, ["labels[1] = null", "integer"]),
    "json mixed": (("l.json", b'[0, "a"]'), GOOD_PROBS, ["labels[1]", "mixed"]),
    "json nested labels": (("l.json", b"[[0], [1]]"), GOOD_PROBS, ["labels[0] = [0]", "integer"]),
    # values
    "nan": (GOOD_LABELS, ("p.npy", with_value(42, 1, np.nan)), ["probabilities[42, 1] = nan"]),
    "inf": (GOOD_LABELS, ("p.npy", with_value(42, 2, np.inf)), ["probabilities[42, 2] = inf"]),
    "-inf": (GOOD_LABELS, ("p.npy", with_value(0, 0, -np.inf)), ["probabilities[0, 0] = -inf"]),
    "below": (GOOD_LABELS, ("p.npy", with_value(4, 2, -2e-6)), ["probabilities[4, 2] = -2e-06"]),
    "above": (
        GOOD_LABELS,
        ("p.npy", with_value(4, 2, 1.1)),
        ["probabilities[4, 2] = 1.1", "0 to 1"],
    ),
    "nan in float32": (
        GOOD_LABELS,
        ("p.npy", with_value(9, 1, np.nan, np.float32)),
        ["probabilities[9, 1] = nan"],
    ),
    "nan in float16": (
        GOOD_LABELS,
        ("p.npy", with_value(9, 1, np.nan, np.float16)),
        ["probabilities[9, 1] = nan"],
    ),
    "nan in csv": (("l.csv", b"0\n1\n"), ("p.csv", b"1,0\n0,nan\n"), ["probabilities[1, 1] = nan"]),
    "word in csv": (("l.csv", b"0\n1\n"), ("p.csv", b"1,0\n0,x\n"), ["probabilities[1, 1] = 'x'"]),
    "ragged csv": (
        ("l.csv", b"0\n1\n"),
        ("p.csv", b"1,0\n1\n"),
        ["probabilities", "line 2", "1 cells"],
    ),
    "open quote": (("l.csv", b"0\n1\n"), ("p.csv", b'1,0\n"1,0\n'), ["line 2", "not closed"]),
    "ragged json": (
        GOOD_LABELS,
        ("p.json", b"[[1, 0], [1]]"),
        ["probabilities[1] has 1 numbers", "must have 2"],
    ),
    "text in json": (
        GOOD_LABELS,
        ("p.json", b'[[1, "x"]]'),
        ['probabilities[0, 1] = "x"', "number"],
    ),
    "NaN in json": (GOOD_LABELS, ("p.json", b"[[1,\nNaN]]"), ["probabilities", "line 2", "NaN"]),
    "cut json": (GOOD_LABELS, ("p.json", b"[[1, 0], [1"), ["probabilities", "p.json", "malformed"]),
    "integers": (
        GOOD_LABELS,
        ("p.npy", npy(PROBS.astype(int))),
        ["probabilities", "int64", "float32"],
    ),
    "complex": (GOOD_LABELS, ("p.npy", npy(PROBS + 0j)), ["probabilities", "<c16"]),
    # what a file claims to be
    "objects as labels": (("l.npy", npy(OBJECTS)), GOOD_PROBS, ["labels", "object array (pickle)"]),
    "objects as probs": (GOOD_LABELS, ("p.npy", npy(OBJECTS)), ["probabilities", "(pickle)"]),
    "objects in npz": (GOOD_LABELS, ("p.npz", npz(p=OBJECTS)), ["probabilities", "(pickle)"]),
    "structured": (
        GOOD_LABELS,
        ("p.npy", npy(np.zeros(3, dtype=[("a", "<f4")]))),
        ["probabilities", "structured"],
    ),
    "big-endian": (
        GOOD_LABELS,
        ("p.npy", npy(PROBS.astype(">f8"))),
        ["probabilities", "big-endian"],
    ),
    "Fortran order": (
        GOOD_LABELS,
        ("p.npy", npy(np.asfortranarray(PROBS))),
        ["probabilities", "Fortran order", "np.ascontiguousarray"],
    ),
    "no npy": (GOOD_LABELS, ("p.npy", b"0.5,0.5\n"), ["probabilities", "not a .npy file"]),
    "empty npy": (GOOD_LABELS, ("p.npy", b""), ["probabilities", "truncated: only 0 bytes"]),
    "cut header": (
        GOOD_LABELS,
        ("p.npy", npy(PROBS)[:60]),
        ["probabilities", "within the .npy header"],
    ),
    "cut values": (
        GOOD_LABELS,
        ("p.npy", npy(PROBS)[:-1]),
        ["probabilities", "truncated", "(60, 3)"],
    ),
    "longer": (GOOD_LABELS, ("p.npy", npy(PROBS) + b"x"), ["probabilities", "too long"]),
    "shape overflows": (
        GOOD_LABELS,
        ("p.npy", header("{'descr': '<f8', 'fortran_order': False, 'shape': (2**61, 16), }")),
        ["probabilities", "damaged", "'shape'"],
    ),
    "shape beyond memory": (
        GOOD_LABELS,
        ("p.npy", header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**61}, 16), }}")),
        ["probabilities", "beyond any memory"],
    ),
    "shape negative": (
        GOOD_LABELS,
        ("p.npy", header("{'descr': '<f8', 'fortran_order': False, 'shape': (-2, -4), }")),
        ["probabilities", "damaged", "'shape'"],
    ),
    "shape lies": (
        GOOD_LABELS,
        ("p.npy", npy(PROBS).replace(b"(60, 3)", b"(90, 9)")),
        ["probabilities", "shape (90, 9)", "needs 6480 bytes"],
    ),
    "unknown version": (GOOD_LABELS, ("p.npy", header("{}", 9)), ["probabilities", "version 9"]),
    "code in header": (
        GOOD_LABELS,
        ("p.npy", header("{'descr': __import__('os').system('true'), }")),
        ["probabilities", "damaged"],
    ),
    "npz bomb": (GOOD_LABELS, ("p.npz", bomb()), ["probabilities", "p.npz:probs", "unpack"]),
    "npz with two": (
        GOOD_LABELS,
        ("p.npz", npz(a=PROBS, b=PROBS)),
        ["probabilities", "2 arrays", "a, b"],
    ),
    "npz with none": (GOOD_LABELS, ("p.npz", npz()), ["probabilities", "0 arrays"]),
    "npz cut": (GOOD_LABELS, ("p.npz", npz(p=PROBS)[:-30]), ["probabilities", "truncated"]),
    "npz is no zip": (GOOD_LABELS, ("p.npz", npy(PROBS)), ["probabilities", "not a .npz file"]),
    "npz lzma": (
        GOOD_LABELS,
        ("p.npz", npz(zipfile.ZIP_LZMA, p=PROBS)),
        ["probabilities", "packed by method 14"],
    ),
    "other ending": (GOOD_LABELS, ("p.parquet", b"PAR1"), ["probabilities", "p.parquet", ".npy"]),
}


def tusker(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)


def refusal(*arguments):
    done = tusker("issues", *arguments)
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    assert done.stderr.startswith("tusker: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def written(folder, file):
    name, content = file
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_classification(name, tmp_path):
    labels, probs, words = CLASSIFICATION[name]
    text = refusal(written(tmp_path, labels), written(tmp_path, probs))
    for word in words:
        assert word in text


def test_crc_of_a_member_is_checked(tmp_path):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        archive = npz(method, probs=PROBS)
        wrong = archive.replace(
            struct.pack("<I", zlib.crc32(npy(PROBS))), struct.pack("<I", 0x12345678)
        )
        text = refusal(written(tmp_path, GOOD_LABELS), written(tmp_path, ("p.npz", wrong)))
        assert "p.npz:probs" in text and "CRC-32" in text


def test_parts_that_are_not_of_one_matrix(tmp_path):
    labels, first = written(tmp_path, GOOD_LABELS), written(tmp_path, GOOD_PROBS)
    narrow = written(tmp_path, ("narrow.npy", npy(PROBS[:, :2])))
    assert "narrow.npy: has 2 columns, the first file has 3" in refusal(labels, first, narrow)


def test_names_that_do_not_fit(tmp_path):
    files = written(tmp_path, GOOD_LABELS), written(tmp_path, GOOD_PROBS)
    for content, words in (
        (b"a\nb\n", "2 names, the probabilities have 3 columns"),
        (b"a\nb\na\n", "'a' is the name of class 0 and of class 2"),
        (b"a\n\nb\n", "the name of class 1 is empty"),
        (b"", "holds no name"),
    ):
        classes = written(tmp_path, ("classes.txt", content))
        assert words in refusal(*files, "--classes", classes)
    classes = written(tmp_path, ("classes.json", json.dumps({"a": 1}).encode()))
    assert "must be a list of names" in refusal(*files, "--classes", classes)


def test_files_that_are_not_there(tmp_path):
    labels = written(tmp_path, GOOD_LABELS)
    text = refusal(labels, tmp_path / "none.npy")
    assert "probabilities" in text and "none.npy: there is no such file" in text
    assert "holds one array" in refusal(f"{labels}:x", written(tmp_path, GOOD_PROBS))
    archive = written(tmp_path, ("p.npz", npz(probs=PROBS)))
    assert "did you mean 'probs'" in refusal(labels, f"{archive}:prob")


def test_a_row_sum_is_a_warning_and_with_strict_an_error(tmp_path):
    probs = PROBS.copy()
    probs[5] *= 0.9
    files = written(tmp_path, GOOD_LABELS), written(tmp_path, ("p.npy", npy(probs)))
    done = tusker("issues", *files)
    assert done.returncode == 0 and "warning: probabilities[5] sum to 0.9" in done.stderr
    assert "probabilities[5] sum to 0.9" in refusal(*files, "--strict")
