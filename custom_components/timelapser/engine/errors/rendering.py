"""Why there is no video."""

from .base import InvalidRequestError, TimelapserError


class RenderError(TimelapserError):
    """A video could not be made. Placeholder `reason`."""

    code = "render_failed"


class NoImagesError(InvalidRequestError):
    """There is no image to render. Placeholder `timelapse`."""

    code = "no_images"


class FfmpegMissingError(RenderError):
    """The FFmpeg program cannot be started. Placeholder `binary`."""

    code = "ffmpeg_missing"


class FfmpegTooOldError(RenderError):
    """The FFmpeg program lacks what is needed here. Placeholders `version` and `needed`."""

    code = "ffmpeg_too_old"


class FfmpegMemoryError(RenderError):
    """FFmpeg was killed or got no memory, which mostly is the same. No placeholder."""

    code = "ffmpeg_memory"


class FfmpegStalledError(RenderError):
    """FFmpeg took no more pictures and gave no more frames. Placeholder `seconds`."""

    code = "ffmpeg_stalled"


class DiskFullError(RenderError):
    """There was no room left for the video. No placeholder."""

    code = "disk_full"


class EncoderMissingError(RenderError):
    """FFmpeg here has no working encoder of a codec. Placeholders `codec` and `reason`."""

    code = "encoder_missing"


class FrameCountError(RenderError):
    """The rendered file holds another number of frames than planned: `expected`, `actual`."""

    code = "frame_count"


class JobStateError(InvalidRequestError):
    """The render job is over and cannot be cancelled. Placeholders `job` and `state`."""

    code = "job_state"


class FieldConflictError(InvalidRequestError):
    """Two fields of a request exclude each other. Placeholders `first` and `second`."""

    code = "field_conflict"


class RenderTooLongError(InvalidRequestError):
    """The video would take too long. Placeholders `hours` and `most`."""

    code = "render_too_long"


class StorageLowRenderError(RenderError):
    """There is no room for the video. Placeholders `needed` and `free`, in GB."""

    code = "storage_low_render"


class RenderGivenUpError(RenderError):
    """The job was cut off too often, as when it ends the whole program. Placeholder `attempts`."""

    code = "render_given_up"


class FpsOrderError(InvalidRequestError):
    """The slowest frame rate is above the fastest. Placeholders `where`, `first` and `second`."""

    code = "fps_order"
