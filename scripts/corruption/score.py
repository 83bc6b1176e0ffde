"""Score labelled images as the pipeline would; one CSV line each: file,score,verdict,reasons."""

from argparse import Namespace
import csv
import sys

from custom_components.timelapser.engine.corruption.certain import Finding, Reason
from custom_components.timelapser.engine.corruption.choice import best_analyzer
from custom_components.timelapser.engine.corruption.model import load, shipped

from .judging import judged
from .labelled import by_camera, read

TEXTS = {
    Reason.UNREADABLE: "not a picture",
    Reason.TRUNCATED: "the file ends early",
    Reason.DECODER_ERRORS: "the decoder met errors",
    Reason.TINY_FILE: "the file is tiny",
    Reason.TINY_PICTURE: "the picture is tiny",
    Reason.UNIFORM: "one colour all over",
    Reason.WHITE: "white all over",
    Reason.BLACK: "black all over",
    Reason.SIZE_CHANGED: "another size than before",
    Reason.JPEG_ERRORS: "the JPEG is broken",
    Reason.ROWS_FILLED: "a part is filled with one colour",
    Reason.ROWS_SMEARED: "a part is smeared",
    Reason.ROWS_SHIFTED: "a part is shifted sideways",
    Reason.ROWS_LOST: "a part is lost",
    Reason.BLOCKS_BROKEN: "blocks are broken",
    Reason.COLOURS_WRONG: "the colours are wrong",
    Reason.NOISY: "far more noise than usual",
    Reason.UNLIKE_RECENT: "unlike all recent pictures",
    Reason.UNUSUAL: "unusual as a whole",
    Reason.FROZEN: "the picture stands still",
}


def text(finding: Finding) -> str:
    """A finding in words."""
    words = TEXTS[finding.reason]
    if finding.rows is None:
        return words
    return f"{words}: rows {finding.rows[0]}-{finding.rows[1]}"


def main(options: Namespace) -> None:
    """Read the labels' file, camera and seq; write to standard output."""
    model = load(options.model) if options.model else shipped()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("file", "score", "verdict", "reasons"))
    analyzer = best_analyzer()
    for images in by_camera(read(options.labels)).values():
        for one in judged(images, model, analyzer):
            reasons = "; ".join(text(finding) for finding in one.scored.findings)
            writer.writerow((one.image.file, one.scored.exact, one.verdict, reasons))
