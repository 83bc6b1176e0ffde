"""What the programs are told; asked before the engine is imported, which takes seconds."""

import argparse
from pathlib import Path

SCORING = (
    "Score labelled images as the pipeline would; one CSV line each: file,score,verdict,reasons."
)

TRAINING = """\
Train the model of corruption detection from a folder of labelled images.

The CSV file has the columns file, corrupted (0 or 1), kind, severity (0 to 3), camera and seq (the
order in time); images of the kind "frozen" are left out. Good images are also shown under other
conditions and with damage made by editing and by real codecs. Models are first fitted without the
cameras that they are checked on; then the one that is written is fitted to all of them.
"""


def of_scoring() -> argparse.Namespace:
    """`labels` and `model`, both paths; no model is the one that ships."""
    parser = argparse.ArgumentParser(prog="score_images", description=SCORING)
    parser.add_argument("labels", type=Path, help="a CSV file with the columns file, camera, seq")
    parser.add_argument("--model", type=Path, help="another model than the one that ships")
    return parser.parse_args()


def of_training() -> argparse.Namespace:
    """What to measure, and where to write; no output is the model that ships."""
    parser = argparse.ArgumentParser(
        prog="train_corruption",
        description=TRAINING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("labels", type=Path, help="the CSV file of labels")
    parser.add_argument("--output", type=Path, help="the model to write, if not the one that ships")
    parser.add_argument("--version", default="3", help="what the model is called in logs")
    parser.add_argument("--folds", type=int, default=10, help="of cameras, for the check")
    parser.add_argument("--made", type=int, default=3, help="images made per good one, of a sort")
    parser.add_argument("--jobs", type=int, default=2, help="processes that measure")
    parser.add_argument("--table", type=Path, help="where to keep what was measured, as .npz")
    return parser.parse_args()
