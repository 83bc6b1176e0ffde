"""HTTP views: images, videos and test frames, each behind Home Assistant's authentication."""

from homeassistant.core import HomeAssistant, callback

from .corruption import JudgeView
from .downloads import DownloadView
from .images import ImageView, LatestView, PreviewView
from .videos import PosterView, VideoPreviewView, VideoView

VIEWS = (
    ImageView,
    LatestView,
    DownloadView,
    VideoView,
    PosterView,
    VideoPreviewView,
    PreviewView,
    JudgeView,
)


@callback
def async_setup_views(hass: HomeAssistant) -> None:
    """Register all views."""
    for view in VIEWS:
        hass.http.register_view(view())
