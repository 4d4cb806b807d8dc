"""A few good files for each fuzz target to begin with, and the words of its language.

Written in the standard library alone, into a folder that is thrown away: no binaries in the tree.
"""

import io
import itertools
import json
import struct
import zipfile
from pathlib import Path

TESTDATA = Path(__file__).resolve().parent.parent / "src/query/testdata"


def npy(descr, shape, values, fortran=False):
    size = int(descr[2:])
    text = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    text = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(size * values)


def npz(method, **members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return out.getvalue()


def coco():
    labels = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9, "weather": "rain"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "iscrowd": 0},
            {"id": 2, "image_id": 1, "category_id": 2, "segmentation": [[0, 0, 4, 0, 4, 4]]},
            {"id": 3, "image_id": 1, "category_id": 2, "attributes": {"occluded": True}},
        ],
        "categories": [{"id": 2, "name": "cat"}],
    }
    results = [{"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}]
    return [
        json.dumps(labels).encode(),
        json.dumps(labels, indent=1).encode() + b"\0" + json.dumps(results).encode(),
    ]


def queries():
    """The queries of the language's own tests: lines that begin with "? "."""
    lines = itertools.chain.from_iterable(
        path.read_text().splitlines() for path in sorted(TESTDATA.glob("*.test"))
    )
    return [line[2:].encode() for line in lines if line.startswith("? ")]


def seeds():
    """{target: ([files], [words])}"""
    plain = npy("<f4", "(2, 3)", 6)
    return {
        "npy": (
            [plain, npy("|b1", "(4,)", 4), npy("<i8", "()", 1), npy("<f2", "(2, 2)", 4, True)],
            ["'descr'", "'fortran_order'", "'shape'", "'<f8'", "'|O'", "True", "False", "(", ")"],
        ),
        "npz": (
            [npz(zipfile.ZIP_STORED, a=plain, b=plain), npz(zipfile.ZIP_DEFLATED, a=plain)],
            [
                "PK\\x01\\x02",
                "PK\\x03\\x04",
                "PK\\x05\\x06",
                "PK\\x06\\x06",
                "PK\\x06\\x07",
                ".npy",
            ],
        ),
        "csv": (
            [
                b"cat,dog\n0.5,0.5\n1,0\n",
                b'item,label\n"a ""b""",1\r\n7,0',
                b"0\n1\n\n2\n",
                b"0 3 5\n",
            ],
            ['\\"', ",", "\\x0d\\x0a", "nan", "item", "label", "\\xef\\xbb\\xbf"],
        ),
        "json": (
            [
                b"[[0.5, 0.5], [1, 0]]",
                b'{"a": [0, 1, 2], "b": 3}',
                b'["cat", "dog"]',
                b'[[0, 3], [], ["x"]]',
                b'[{"item": 7, "label": "x"}]',
            ],
            ["[", "]", "{", "}", '\\"a\\":', "null", "1e308", "-0", "NaN"],
        ),
        "coco": (
            coco(),
            [f'\\"{w}\\"' for w in ("images", "annotations", "categories", "id", "bbox", "score")],
        ),
        "query": (
            queries(),
            [
                "AND",
                "OR",
                "NOT",
                "ORDER BY",
                "annotations.",
                "metadata.",
                "LIKE",
                "count",
                "2021-01-01",
            ],
        ),
    }


def write_seeds(folder, target):
    """Files into folder/seeds; returns the path of the dictionary beside it."""
    files, words = seeds()[target]
    (folder / "seeds").mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(files):
        (folder / "seeds" / f"{number:04}").write_bytes(content)
    dictionary = folder / "words"
    dictionary.write_text("".join(f'"{word}"\n' for word in words))
    return dictionary
