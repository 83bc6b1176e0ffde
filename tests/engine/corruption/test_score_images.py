"""The program that scores a folder: what it reads, what it prints, and what it makes of it."""

import csv
from io import StringIO
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest

from .pictures import MINUTE, NOON, jpeg, view

ROOT = Path(__file__).parents[3]
IMAGES = 8


def smeared(t: float) -> bytes:
    picture = view(t).copy()
    picture[150:] = picture[150]
    return jpeg(picture)


def grey() -> bytes:
    return jpeg(np.full_like(view(NOON), 128))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Two cameras, listed in no order; columns that the program has no use for tell lies."""
    contents = {number: jpeg(view(NOON + number * MINUTE)) for number in range(IMAGES)}
    damaged = {
        **contents,
        4: smeared(NOON + 4 * MINUTE),
        5: grey(),
        6: contents[2],
        7: contents[7][:20_000],
    }
    rows = []
    for camera, images in (("b", contents), ("a", damaged)):
        for number, content in images.items():
            file = f"{camera}-{number}.jpg"
            (tmp_path / file).write_bytes(content)
            rows.append({"file": file, "corrupted": "1", "seq": number, "camera": camera})
    path = tmp_path / "labels.csv"
    with path.open("w", newline="") as table:
        writer = csv.DictWriter(table, ["file", "corrupted", "seq", "camera"])
        writer.writeheader()
        writer.writerows(rows[::-1])
    return path


def run(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts/score_images", *arguments],
        capture_output=True,
        cwd="/",
        text=True,
        timeout=100,
        check=False,
    )


def test_scores(labels: Path) -> None:
    found = run(labels)
    assert found.returncode == 0, found.stderr
    lines = found.stdout.splitlines()
    assert lines[0] == "file,score,verdict,reasons"
    rows = list(csv.DictReader(StringIO(found.stdout)))
    assert [row["file"] for row in rows] == [
        f"{camera}-{number}.jpg" for camera in "ab" for number in range(IMAGES)
    ]
    assert all(0 <= float(row["score"]) <= 100 for row in rows)
    verdicts = {row["file"]: row["verdict"] for row in rows}
    assert {verdicts[f"b-{number}.jpg"] for number in range(IMAGES)} == {"good"}
    assert {verdicts[f"a-{number}.jpg"] for number in range(4)} == {"good"}
    assert verdicts["a-4.jpg"] in ("flagged", "quarantined")
    assert verdicts["a-5.jpg"] == "quarantined"
    assert verdicts["a-6.jpg"] == "frozen"
    assert verdicts["a-7.jpg"] == "quarantined"
    for row in rows:
        assert bool(row["reasons"]) or row["verdict"] == "good"


@pytest.mark.parametrize("program", ["score_images", "train_corruption"])
def test_help(program: str) -> None:
    found = subprocess.run(
        [sys.executable, ROOT / "scripts" / program, "--help"],
        check=True,
        capture_output=True,
        cwd="/",
        text=True,
        timeout=60,
    )
    assert found.stdout.startswith(f"usage: {program}")


def test_a_file_that_is_missing(labels: Path) -> None:
    (labels.parent / "a-0.jpg").unlink()
    found = run(labels)
    assert found.returncode != 0
    assert "a-0.jpg" in found.stderr
