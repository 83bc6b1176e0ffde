"""What people ask for that cannot be done."""

from .base import InvalidRequestError, TimelapserError


class CameraExistsError(InvalidRequestError):
    """Another camera takes its pictures from there already. No placeholder."""

    code = "already_configured"


class HubNotLoadedError(TimelapserError):
    """The integration is not running at the moment."""

    code = "hub_not_loaded"


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


class NoImageNamedError(InvalidRequestError):
    """It is not said which images are meant. No placeholder."""

    code = "no_image_named"


class NotQuarantinedError(InvalidRequestError):
    """An image is not in quarantine. Placeholder `image`."""

    code = "not_quarantined"


class ThumbnailsBusyError(InvalidRequestError):
    """Thumbnails are made already. Placeholders `done` and `total`, numbers of images."""

    code = "thumbnails_busy"


class CropError(InvalidRequestError):
    """Too little of a picture is left. Placeholders `where`, `first`, `second` and `total`."""

    code = "crop_too_much"


class ImportRunningError(InvalidRequestError):
    """One import at a time. No placeholder."""

    code = "import_running"


class NothingToImportError(InvalidRequestError):
    """No picture or video is there. Placeholder `files`: how many other files."""

    code = "nothing_to_import"


class ImportPathError(InvalidRequestError):
    """A folder that may not be read. Placeholder `path`."""

    code = "import_path"


class ImportMissingError(InvalidRequestError):
    """What is to be imported is not there. Placeholder `path`."""

    code = "import_missing"


class StartAfterStopError(InvalidRequestError):
    """A timelapse cannot begin after it stops. Placeholders `start` and `stop`."""

    code = "start_after_stop"


class InvalidConditionError(InvalidRequestError):
    """A condition is not one Home Assistant knows. Placeholder `reason`."""

    code = "invalid_condition"
