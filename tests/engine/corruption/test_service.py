"""What follows from judgements: second looks, the history's beginning, and scenes that change."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from custom_components.timelapser.engine.corruption.analyzer_numpy import NumpyAnalyzer
from custom_components.timelapser.engine.corruption.certain import Origin
from custom_components.timelapser.engine.corruption.service import Assessment, CorruptionService
from custom_components.timelapser.engine.models import Picture
from custom_components.timelapser.engine.settings import CorruptionSettings
from tests.harness import scene

SIZE = (640, 360)
CAMERA = "garden"


def view(number: int) -> Picture:
    """The scene a little later each time."""
    return np.asarray(scene.draw(0.4 + number / 400, SIZE).convert("RGB"))


def smeared(picture: Picture) -> Picture:
    """The lower half is what its first row was."""
    damaged = picture.copy()
    damaged[180:] = damaged[180]
    return damaged


def other_place(number: int) -> Picture:
    """What a camera shows that was turned round."""
    return np.ascontiguousarray(view(number)[::-1, ::-1])


@pytest.fixture
def service() -> CorruptionService:
    return CorruptionService(NumpyAnalyzer)


def assess(service: CorruptionService, picture: Picture | None, **origin: bool) -> Assessment:
    height, width = (360, 640) if picture is None else picture.shape[:2]
    known = replace(Origin(width, height, 90_000), **origin)
    return service.assess(CAMERA, picture, known, CorruptionSettings(), heavy=True)


def see(service: CorruptionService, picture: Picture) -> tuple[bool, bool]:
    """Settle a picture without a second look: whether it is quarantined, and whether flagged."""
    verdict = service.settle(CAMERA, assess(service, picture))
    return verdict.quarantined, verdict.flagged


def known(service: CorruptionService, pictures: int = 4) -> None:
    for number in range(pictures):
        assert see(service, view(number)) == (False, False)


def test_damaged_first_picture_spoils_nothing(service: CorruptionService) -> None:
    see(service, smeared(view(0)))
    for number in range(1, 6):
        assert see(service, view(number)) == (False, False), number
    assert assess(service, smeared(view(6))).verdict.suspect


def test_damage_that_goes_away(service: CorruptionService) -> None:
    known(service)
    first, second = assess(service, smeared(view(5))), assess(service, view(6))
    assert first.verdict.suspect
    assert service.choose(first, second) is second


def test_scene_that_stays(service: CorruptionService) -> None:
    """Somebody has turned the camera: two pictures show the same, and are how things look now."""
    known(service)
    first, second = assess(service, other_place(5)), assess(service, other_place(6))
    assert first.verdict.suspect
    assert second.verdict.suspect
    chosen = service.choose(first, second)
    assert not chosen.verdict.suspect
    service.settle(CAMERA, chosen)
    assert see(service, other_place(7)) == (False, False)


def test_scene_that_stays_is_known_without_second_looks_too(service: CorruptionService) -> None:
    known(service)
    assert any(see(service, other_place(5)))
    assert see(service, other_place(6)) == (False, False)
    assert see(service, other_place(7)) == (False, False)


def test_one_picture_twice_proves_nothing(service: CorruptionService) -> None:
    known(service)
    broken = smeared(view(5))
    first, second = assess(service, broken), assess(service, broken.copy())
    assert service.choose(first, second).verdict.suspect
    assert any(see(service, broken))
    assert any(see(service, broken.copy()))


def test_no_two_quarantines_in_a_row_on_the_score_alone(service: CorruptionService) -> None:
    known(service)
    strange = [smeared(view(5)), np.ascontiguousarray(view(6)[:, ::-1]), other_place(7)]
    found = [see(service, picture)[0] for picture in strange]
    assert not any(one and two for one, two in pairwise(found))


def test_what_is_certain_is_put_aside_as_often_as_it_comes(service: CorruptionService) -> None:
    known(service)
    for _ in range(3):
        verdict = service.settle(CAMERA, assess(service, view(5), truncated=True))
        assert verdict.quarantined
        assert verdict.judgement.certain
    assert service.settle(CAMERA, assess(service, None, readable=False)).quarantined


def test_other_size_of_the_same_scene_is_taken_over(service: CorruptionService) -> None:
    known(service)
    small = [np.asarray(scene.draw(0.42 + n / 400, (320, 180)).convert("RGB")) for n in range(3)]
    first, second = assess(service, small[0]), assess(service, small[1])
    assert "size_changed" in first.verdict.judgement.reasons
    service.settle(CAMERA, service.choose(first, second))
    assert see(service, small[2]) == (False, False)


def test_broken_jpeg_among_whole_ones_is_put_aside(service: CorruptionService) -> None:
    known(service)
    assert service.settle(CAMERA, assess(service, view(5), jpeg_errors=True)).quarantined
    assert see(service, view(6)) == (False, False)


@pytest.mark.parametrize("whole", [0, 4])
def test_camera_whose_every_jpeg_is_broken_is_got_used_to(
    service: CorruptionService, whole: int
) -> None:
    known(service, whole)
    suspect = [
        service.settle(CAMERA, assess(service, view(whole + n), jpeg_errors=True)).suspect
        for n in range(5)
    ]
    assert suspect == [True, False, False, False, False]


def test_cameras_are_apart_and_can_be_forgotten(service: CorruptionService) -> None:
    known(service)
    service.forget(CAMERA)
    assert not see(service, other_place(1))[0]
