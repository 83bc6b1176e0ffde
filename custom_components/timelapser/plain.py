"""Rows and events as plain data, for action responses and the event bus."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from .engine.events import (
    CameraDegraded,
    CameraFrozen,
    CaptureFailed,
    Event,
    ImageCaptured,
    ImageQuarantined,
    ImageRestored,
    LoadChanged,
    Purged,
    Reconciled,
    RenderChanged,
    ResolutionChanged,
    SettingsChanged,
    TimelapseChanged,
    TimelapseCompleted,
    VideoFinished,
    VideoProgress,
)
from .engine.models import Image, Judgement, Priority, RenderJob, Timelapse, Video
from .engine.timelapses.progress import Outlook
from .engine.videos.service import Forecast

type Data = dict[str, Any]

_PRIORITIES = {int(priority): priority.name.lower() for priority in Priority}


def timelapse_data(timelapse: Timelapse, outlook: Outlook) -> Data:
    """Answer a timelapse as plain data, gaps in seconds."""
    return {
        "timelapse_id": timelapse.id,
        "camera_id": timelapse.camera_id,
        "name": timelapse.name,
        "state": timelapse.state.value,
        "started_at": _time(timelapse.started_at),
        "completed_at": _time(timelapse.completed_at),
        "starred": timelapse.starred,
        "notes": timelapse.notes,
        "start_at": _time(timelapse.start_at),
        "stop_at": _time(timelapse.stop_at),
        "stop_after_days": timelapse.stop_after_days,
        "stop_after_images": timelapse.stop_after_images,
        "day_number": outlook.day_number,
        "progress": None if outlook.progress is None else round(outlook.progress * 100, 1),
        "expected_end": _time(outlook.expected_end),
        "settings": dict(timelapse.settings),
        "images": timelapse.image_count,
        "quarantined": timelapse.quarantine_count,
        "flagged": timelapse.flagged_count,
        "failed": timelapse.failed_count,
        "skipped": timelapse.skipped_count,
        "bytes": timelapse.byte_count,
        "videos": timelapse.video_count,
        "score_mean": timelapse.score_mean,
        "longest_gap": timelapse.longest_gap / 1000,
        "first_day": timelapse.first_day.isoformat() if timelapse.first_day else None,
        "first_image_at": _time(timelapse.first_image_at),
        "last_image_at": _time(timelapse.last_image_at),
    }


def image_data(image: Image) -> Data:
    """Answer an image as plain data."""
    return {
        "image_id": image.id or None,  # none yet while it waits for the database
        "camera_id": image.camera_id,
        "timelapse_id": image.timelapse_id,
        "captured_at": _time(image.captured_at),
        "day": image.local_day.isoformat(),
        "width": image.width,
        "height": image.height,
        "bytes": image.byte_count,
        "score": image.score,
        "reasons": list(image.reasons),
        "quarantined": image.quarantined,
        "flagged": image.flagged,
        "missing": image.missing,
        **image.context.plain,
    }


def judgement_data(judgement: Judgement) -> Data:
    """Answer a judgement as plain data."""
    return {
        "score": judgement.score,
        "reasons": list(judgement.reasons),
        "details": list(judgement.details),
        "model": judgement.model,
    }


def job_data(job: RenderJob) -> Data:
    """Answer a render job as plain data."""
    return {
        "job_id": job.id,
        "camera_id": job.camera_id,
        "timelapse_id": job.timelapse_id,
        "state": job.state.value,
        "fps": job.fps,
        "quality": job.quality.value,
        "requested_at": _time(job.requested_at),
        "started_at": _time(job.started_at),
        "finished_at": _time(job.finished_at),
        "frames_total": job.frames_total,
        "frames_done": job.frames_done,
        "progress": round(job.progress * 100, 1),
        "video_id": job.video_id,
        "error": job.error,
        "priority": _PRIORITIES.get(job.priority, str(job.priority)),
        "automatic": job.automatic,
        "attempts": job.attempts,
        "not_before": _time(job.not_before),
        "cpu_seconds": job.cpu_seconds,
        "spec": dict(job.spec) if job.spec else None,
        "decision": dict(job.decision) if job.decision else None,
    }


def forecast_data(forecast: Forecast) -> Data:
    """Answer what a video would be as plain data; `from_cache` is a share of its frames."""
    estimate = forecast.estimate
    return {
        "dry_run": True,
        "timelapse_id": forecast.planned.timelapse.id,
        "width": forecast.planned.plan.encoding.width,
        "height": forecast.planned.plan.encoding.height,
        **forecast.planned.decision.plain,
        "bytes": estimate.byte_count,
        "cpu_seconds": round(estimate.cpu_seconds, 3),
        "from_cache": round(estimate.from_cache, 3),
    }


def video_data(video: Video, path: str, media_content_id: str) -> Data:
    """Answer a video as plain data; `path` is absolute."""
    return {
        "video_id": video.id,
        "camera_id": video.camera_id,
        "timelapse_id": video.timelapse_id,
        "job_id": video.job_id,
        "path": path,
        "media_content_id": media_content_id,
        "poster": f"/api/timelapser/videos/{video.id}/poster" if video.poster_path else None,
        "created_at": _time(video.created_at),
        "frames": video.file.frames,
        "duration": video.file.duration,
        "fps": video.file.fps,
        "width": video.file.width,
        "height": video.file.height,
        "codec": video.file.codec,
        "pix_fmt": video.file.pixel_format,
        "bytes": video.file.byte_count,
        "automatic": video.automatic,
        "decision": dict(video.decision) if video.decision else None,
    }


def event_data(event: Event, outlook_of: Callable[[Timelapse], Outlook]) -> Data:
    """Answer an event as the data that go on Home Assistant's bus."""
    data: Data = {"type": event.type, "camera_id": event.camera_id}
    match event:
        case ImageCaptured() | ImageQuarantined() | ImageRestored():
            data |= image_data(event.image)
        case CaptureFailed():
            data |= {"timelapse_id": event.timelapse_id, "error": event.error}
        case TimelapseChanged():
            data |= timelapse_data(event.timelapse, outlook_of(event.timelapse))
            if isinstance(event, TimelapseCompleted):
                data["reason"] = str(event.reason)
        case VideoFinished():
            data |= job_data(event.job) | {
                "video_id": event.video.id,
                "frames": event.video.file.frames,
                "duration": event.video.file.duration,
            }
        case VideoProgress():
            data |= job_data(event.job) | {"speed": event.speed, "eta": event.eta}
        case RenderChanged():
            data |= job_data(event.job)
        case _:
            data |= _system_data(event)
    return data


def _system_data(event: Event) -> Data:
    """Answer what an event says that is about no image, timelapse or video."""
    match event:
        case ResolutionChanged():
            return {"before": list(event.before), "after": list(event.after)}
        case CameraFrozen() | CameraDegraded():
            return {"since": _time(event.since)}
        case LoadChanged():
            return {"free_bytes": event.free}
        case SettingsChanged():
            return {"level": str(event.level), "settings": list(event.names)}
        case Reconciled():
            return dict(event.findings)
        case Purged():
            return {"images": event.images, "videos": event.videos, "bytes": event.byte_count}
    return {}


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
