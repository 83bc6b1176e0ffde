"""Which images and videos go: a pure plan over rows. `purging.py` carries it out."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import partial
from math import inf
from typing import Final

from ..models.retention import LibraryImage, LibraryTimelapse
from ..settings import RetentionSettings
from .retention_choice import Choice, best, day_rank, different, hour_rank, light, local_hour


class Rule(StrEnum):
    """Why something goes."""

    QUARANTINE = "quarantine"
    AGE = "age"
    DARK = "dark"
    ALIKE = "alike"
    HOURLY = "hourly"
    DAILY = "daily"
    CAMERA_QUOTA = "camera_quota"
    STORAGE_QUOTA = "storage_quota"
    VIDEOS = "videos"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is in effect for each timelapse, by id; quotas of images in bytes.

    A timelapse that is not named, and a camera without a quota, may keep everything.
    """

    zone: tzinfo = UTC
    timelapses: Mapping[int, RetentionSettings] = field(default_factory=dict)
    camera_quotas: Mapping[str, float] = field(default_factory=dict)
    storage_quota: float = inf


@dataclass(frozen=True, slots=True)
class Removal:
    """An image or a video that goes, by the first rule that says so."""

    rule: Rule
    camera_id: str
    timelapse_id: int
    id: int
    moment: datetime
    byte_count: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that goes, the oldest first."""

    images: tuple[Removal, ...] = ()
    videos: tuple[Removal, ...] = ()

    @property
    def byte_count(self) -> int:
        """How much room it makes."""
        return sum(removal.byte_count for removal in (*self.images, *self.videos))

    def of_camera(self, camera_id: str) -> Plan:
        """The part of one camera."""
        return Plan(
            tuple(removal for removal in self.images if removal.camera_id == camera_id),
            tuple(removal for removal in self.videos if removal.camera_id == camera_id),
        )


NOTHING: Final = RetentionSettings(quarantine=0, automatic_videos=0)
"""Rules by which everything stays."""


def plan(library: Sequence[LibraryTimelapse], rules: Rules, now: datetime) -> Plan:
    """Answer what goes; nothing of a timelapse that is protected.

    Rules of age come first, thinning next, and quotas take the oldest of what is left.
    """
    free = [timelapse for timelapse in library if not timelapse.protected]
    images = [removal for timelapse in free for removal in _by_rules(timelapse, rules, now)]
    images += _by_quotas(library, free, images, rules)
    videos = [removal for timelapse in free for removal in _videos(timelapse, rules)]
    return Plan(tuple(_oldest_first(images)), tuple(_oldest_first(videos)))


def reach(rules: RetentionSettings, now: datetime) -> datetime | None:
    """Answer the moment from which on rules of time leave kept images alone, if there are any."""
    drops = rules.drop_after if rules.drop_alike or rules.drop_dark else 0
    days = [n for n in (rules.images, rules.hourly_after, rules.daily_after, drops) if n]
    # A day more: most rules go by local days.
    return now - timedelta(days=min(days) - 1) if days else None


def _by_rules(timelapse: LibraryTimelapse, rules: Rules, now: datetime) -> Iterator[Removal]:
    settings = rules.timelapses.get(timelapse.id, NOTHING)
    left = []
    for image in timelapse.images:
        if image.quarantined and _is_older(image, settings.quarantine, now):
            yield _removal(Rule.QUARANTINE, timelapse, image)
        elif _is_older(image, settings.images, now):
            yield _removal(Rule.AGE, timelapse, image)
        elif not image.quarantined:
            left.append(image)
    today = now.astimezone(rules.zone).date()
    for step in _steps(settings, rules.zone):
        gone = step.gone(left, today)
        left = [image for image in left if image.id not in gone]
        for image in gone.values():
            yield _removal(step.rule, timelapse, image)


@dataclass(frozen=True, slots=True)
class _Step:
    """Thinning of what is older than so many days: of each bucket, the chosen ones stay."""

    rule: Rule
    days: int
    bucket: Callable[[LibraryImage], Hashable]
    choice: Choice

    def gone(self, images: Iterable[LibraryImage], today: date) -> dict[int, LibraryImage]:
        """Answer those that go, by id. Days are whole ones, so that no bucket is cut in two."""
        buckets: defaultdict[Hashable, list[LibraryImage]] = defaultdict(list)
        first_young = today - timedelta(days=self.days)
        for image in images:
            if image.local_day < first_young:
                buckets[self.bucket(image)].append(image)
        gone: dict[int, LibraryImage] = {}
        for bucket in buckets.values():
            staying = {image.id for image in self.choice(bucket)}
            gone |= {image.id: image for image in bucket if image.id not in staying}
        return gone


def _steps(settings: RetentionSettings, zone: tzinfo) -> Iterator[_Step]:
    hour = partial(local_hour, zone)
    if settings.drop_dark:
        yield _Step(Rule.DARK, settings.drop_after, hour, partial(light, settings.drop_dark))
    if settings.drop_alike:
        yield _Step(Rule.ALIKE, settings.drop_after, hour, partial(different, settings.drop_alike))
    if settings.hourly_after:
        choice = partial(best, hour_rank(settings, zone))
        yield _Step(Rule.HOURLY, settings.hourly_after, hour, choice)
    if settings.daily_after:
        choice = partial(best, day_rank(settings, zone))
        yield _Step(Rule.DAILY, settings.daily_after, _local_day, choice)


def _by_quotas(
    library: Sequence[LibraryTimelapse],
    free: Sequence[LibraryTimelapse],
    planned: Sequence[Removal],
    rules: Rules,
) -> list[Removal]:
    used: Counter[str] = Counter()
    for timelapse in library:
        used[timelapse.camera_id] += timelapse.byte_count
    used.subtract(_bytes_by_camera(planned))
    gone = {removal.id for removal in planned}
    left = _oldest_first(
        _removal(Rule.STORAGE_QUOTA, timelapse, image)
        for timelapse in free
        for image in timelapse.images
        if image.id not in gone
    )
    found: list[Removal] = []
    for removal in left:
        if used[removal.camera_id] > rules.camera_quotas.get(removal.camera_id, inf):
            used[removal.camera_id] -= removal.byte_count
            found.append(replace(removal, rule=Rule.CAMERA_QUOTA))
    gone = {removal.id for removal in found}
    everything = used.total()
    for removal in left:
        if everything <= rules.storage_quota:
            break
        if removal.id not in gone:
            everything -= removal.byte_count
            found.append(removal)
    return found


def _bytes_by_camera(removals: Iterable[Removal]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for removal in removals:
        sums[removal.camera_id] += removal.byte_count
    return sums


def _videos(timelapse: LibraryTimelapse, rules: Rules) -> Iterator[Removal]:
    kept = rules.timelapses.get(timelapse.id, NOTHING).automatic_videos
    if kept:
        for video in timelapse.automatic_videos[:-kept]:
            yield Removal(
                Rule.VIDEOS,
                timelapse.camera_id,
                timelapse.id,
                video.id,
                video.created_at,
                video.byte_count,
            )


def _removal(rule: Rule, timelapse: LibraryTimelapse, image: LibraryImage) -> Removal:
    return Removal(
        rule, timelapse.camera_id, timelapse.id, image.id, image.captured_at, image.byte_count
    )


def _oldest_first(removals: Iterable[Removal]) -> list[Removal]:
    return sorted(removals, key=lambda removal: (removal.moment, removal.id))


def _is_older(image: LibraryImage, days: int, now: datetime) -> bool:
    return bool(days) and image.captured_at < now - timedelta(days=days)


def _local_day(image: LibraryImage) -> date:
    return image.local_day
