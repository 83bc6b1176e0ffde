"""The error tree of the engine.

Every error has a `code`, which is also its translation key on the Home Assistant floor, and
`placeholders` that name what is wrong. Neither ever holds a password or a URL with credentials.
"""

from typing import ClassVar


class TimelapserError(Exception):
    """Base of all errors the engine raises on purpose."""

    code: ClassVar[str] = "unknown"

    def __init__(self, **placeholders: str | float) -> None:
        self.placeholders: dict[str, str] = {k: str(v) for k, v in placeholders.items()}
        detail = ", ".join(f"{key} {value}" for key, value in self.placeholders.items())
        super().__init__(f"{self.code} ({detail})" if detail else self.code)


class InvalidRequestError(TimelapserError):
    """The caller asked for something that cannot be done; asking differently helps."""


# Sources: why a camera gave no picture. Placeholder `host` everywhere.


class SourceError(TimelapserError):
    """A camera source gave no usable picture."""

    code = "cannot_connect"


class CannotResolveError(SourceError):
    """The host name has no address."""

    code = "cannot_resolve"


class SourceRefusedError(SourceError):
    """Nothing listens at that host and port."""

    code = "connection_refused"


class SourceTimeoutError(SourceError):
    """No picture in time. Placeholder `seconds` as well."""

    code = "timeout"


class InvalidAuthError(SourceError):
    """User or password are wrong, missing, or lack the right."""

    code = "invalid_auth"


class SourceNotFoundError(SourceError):
    """The host answers, but has nothing at that path."""

    code = "not_found"


class SourceServerError(SourceError):
    """The camera answered with an error of its own. Placeholder `status` as well."""

    code = "server_error"


class UntrustedCertificateError(SourceError):
    """The TLS certificate is not trusted, for example because it is self-signed."""

    code = "untrusted_certificate"


class NoVideoError(SourceError):
    """The stream opens, but holds no video that can be decoded."""

    code = "no_video"


class NoJpegError(SourceError):
    """The answer is not a JPEG image."""

    code = "no_jpeg"


class EntityUnavailableError(SourceError):
    """The Home Assistant camera entity gives no picture. Placeholder `entity` instead of `host`."""

    code = "entity_unavailable"


class SourceClosedError(SourceError):
    """The source was changed while it was asked for a picture. No placeholder."""

    code = "source_closed"


class SourceBrokenError(SourceError):
    """A source failed as nobody expected. Placeholder `kind`, the name of the exception."""

    code = "source_broken"


class UrlNotAllowedError(InvalidRequestError):
    """The URL is malformed or its scheme is not one a camera is read by. Placeholder `scheme`."""

    code = "url_not_allowed"


# Storage


class StorageError(TimelapserError):
    """The storage folder cannot be used. Placeholder `folder`."""

    code = "storage_not_writable"


class StorageMissingError(StorageError):
    """The storage folder is not there: a disk may not be mounted. Placeholder `folder`."""

    code = "storage_missing"


class StorageNotAllowedError(InvalidRequestError):
    """The storage folder is outside what Home Assistant allows. Placeholder `folder`."""

    code = "storage_not_allowed"


class OutsideStorageError(InvalidRequestError):
    """A path leads out of the storage folder."""

    code = "outside_storage"


class DatabaseError(TimelapserError):
    """The database refused a statement. Placeholder `reason`, without credentials."""

    code = "database_error"


class DatabaseUnavailableError(DatabaseError):
    """The database is away for now. Placeholder `reason`, without credentials."""

    code = "database_unavailable"


class DatabaseBusyError(DatabaseUnavailableError):
    """Too much waits for the database already. Placeholder `waiting`, the number of calls."""

    code = "database_busy"


class DatabaseTooNewError(DatabaseError):
    """A newer version has changed the tables. Placeholders `revision` and `known`."""

    code = "database_too_new"


class CameraExistsError(InvalidRequestError):
    """Another camera takes its pictures from there already. No placeholder."""

    code = "already_configured"


class HubNotLoadedError(TimelapserError):
    """The integration is not running at the moment."""

    code = "hub_not_loaded"


# PostgreSQL: why it cannot be used. Placeholders `host`, `port` and `database` everywhere.


class PostgresError(DatabaseUnavailableError):
    """The server gave no connection. Placeholder `reason` as well."""

    code = "postgres_error"


class PostgresUnreachableError(PostgresError):
    """Nothing answers at that host and port."""

    code = "postgres_unreachable"


class PostgresAuthError(PostgresError):
    """The server does not let this user in with this password."""

    code = "postgres_auth"


class PostgresMissingError(PostgresError):
    """The server has no such database."""

    code = "postgres_missing"


class PostgresTlsError(PostgresError):
    """The protected connection failed, or is not offered."""

    code = "postgres_tls"


class PostgresRightsError(PostgresError):
    """The user may not make tables there. Placeholder `user` as well."""

    code = "postgres_rights"


class PostgresDriverError(DatabaseUnavailableError):
    """The driver for PostgreSQL cannot be installed."""

    code = "postgres_driver"


# Requests


class NotFoundError(InvalidRequestError):
    """There is no such thing. Placeholders `kind` and `id`."""

    code = "no_such"


class InvalidSettingError(InvalidRequestError):
    """A setting is out of bounds. Placeholders `setting`, `value` and `expected`."""

    code = "invalid_setting"


class SettingLevelError(InvalidRequestError):
    """A setting cannot be set at this level. Placeholders `setting` and `level`."""

    code = "setting_level"


class ThresholdOrderError(InvalidRequestError):
    """More would be quarantined than flagged. Placeholders `where`, `quarantine` and `flag`."""

    code = "threshold_order"


class TimelapseExistsError(InvalidRequestError):
    """The camera has an unfinished timelapse already. Placeholders `camera` and `timelapse`."""

    code = "timelapse_exists"


class NoTimelapseError(InvalidRequestError):
    """The camera has no unfinished timelapse. Placeholder `camera`."""

    code = "no_timelapse"


class TimelapseStateError(InvalidRequestError):
    """The timelapse is not in a state that allows this. Placeholders `timelapse` and `state`."""

    code = "timelapse_state"


class StopInPastError(InvalidRequestError):
    """A timelapse cannot stop in the past. Placeholder `moment`."""

    code = "stop_in_past"


class CaptureBusyError(InvalidRequestError):
    """A capture of this camera is running. Placeholder `camera`."""

    code = "capture_busy"


# Rendering


class RenderError(TimelapserError):
    """A video could not be made. Placeholder `reason`."""

    code = "render_failed"


class NoImagesError(InvalidRequestError):
    """There is no image to render. Placeholder `timelapse`."""

    code = "no_images"


class FfmpegMissingError(RenderError):
    """The FFmpeg program cannot be started. Placeholder `binary`."""

    code = "ffmpeg_missing"


class FrameCountError(RenderError):
    """The rendered file holds another number of frames than planned: `expected`, `actual`."""

    code = "frame_count"


class JobStateError(InvalidRequestError):
    """The render job is over and cannot be cancelled. Placeholders `job` and `state`."""

    code = "job_state"


class CropError(InvalidRequestError):
    """Too little of a picture is left. Placeholders `where`, `first`, `second` and `total`."""

    code = "crop_too_much"


class StorageOrderError(InvalidRequestError):
    """Captures would resume before they stop. Placeholders `where`, `stop` and `resume`."""

    code = "storage_order"


class StorageLowError(TimelapserError):
    """The disk is nearly full, so nothing is captured. Placeholders `free` and `resume`, in GB."""

    code = "storage_low"


class MemoryLowError(TimelapserError):
    """The machine is short of memory, so nothing is captured. Placeholder `free`, in MB."""

    code = "memory_low"


class StartAfterStopError(InvalidRequestError):
    """A timelapse cannot begin after it stops. Placeholders `start` and `stop`."""

    code = "start_after_stop"


class InvalidConditionError(InvalidRequestError):
    """A condition is not one Home Assistant knows. Placeholder `reason`."""

    code = "invalid_condition"
