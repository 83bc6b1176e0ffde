"""HTTP views: images, videos and test frames, each behind Home Assistant's authentication."""

from homeassistant.core import HomeAssistant, callback

from .corruption import JudgeView
from .downloads import DownloadView
from .images import ImageView, LatestView, PreviewView
from .videos import VideoView


@callback
def async_setup_views(hass: HomeAssistant) -> None:
    """Register all views."""
    for view in (ImageView, LatestView, DownloadView, VideoView, PreviewView, JudgeView):
        hass.http.register_view(view())
