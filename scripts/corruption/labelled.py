"""A folder of labelled images: its labels.csv, and the images in order."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Labelled:
    """An image of a camera; whether it is damaged, and how, is known only for training."""

    file: str
    path: Path
    camera: str
    number: int
    damaged: bool = False
    kind: str = ""
    severity: int = 0

    @property
    def frozen(self) -> bool:
        """Whether it repeats an earlier one, which the score does not tell."""
        return self.kind == "frozen"


def read(labels: Path) -> list[Labelled]:
    """The images in the order of cameras and time; KeyError where a column is missing."""
    with labels.open(newline="", encoding="utf-8") as file:
        images = [
            Labelled(
                file=row["file"],
                path=labels.parent / row["file"],
                camera=row["camera"],
                number=int(row["seq"]),
                damaged=row.get("corrupted", "0") == "1",
                kind=row.get("kind", ""),
                severity=int(row.get("severity") or 0),
            )
            for row in csv.DictReader(file)
        ]
    return sorted(images, key=lambda image: (image.camera, image.number))


def by_camera(images: list[Labelled]) -> dict[str, list[Labelled]]:
    """The images of each camera."""
    cameras: dict[str, list[Labelled]] = {}
    for image in images:
        cameras.setdefault(image.camera, []).append(image)
    return cameras
