"""Why a camera gave no picture. Placeholder `host` everywhere, unless told otherwise."""

from .base import InvalidRequestError, TimelapserError


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


class CaptureBusyError(InvalidRequestError):
    """A capture of this camera is running. Placeholder `camera`."""

    code = "capture_busy"
