"""All that reads and writes the tables, by subject."""

from .browse_operations import BrowseOperations
from .camera_operations import CameraOperations
from .corruption_operations import CorruptionOperations
from .database import Database
from .image_operations import ImageOperations
from .log_operations import LogOperations
from .overview_operations import OverviewOperations
from .reconciliation_operations import ReconciliationOperations
from .retention_operations import RetentionOperations
from .search_operations import SearchOperations
from .segment_operations import SegmentOperations
from .selection_operations import SelectionOperations
from .settings_operations import SettingsOperations
from .statistics_operations import StatisticsOperations
from .tick_operations import TickOperations
from .timelapse_operations import TimelapseOperations
from .verify_operations import VerifyOperations
from .video_operations import VideoOperations


class Operations:
    """The operations on one database."""

    def __init__(self, database: Database) -> None:
        self.cameras = CameraOperations(database)
        self.timelapses = TimelapseOperations(database)
        self.images = ImageOperations(database)
        self.videos = VideoOperations(database)
        self.selections = SelectionOperations(database)
        self.ticks = TickOperations(database)
        self.judgements = CorruptionOperations(database)
        self.settings = SettingsOperations(database)
        self.statistics = StatisticsOperations(database)
        self.overviews = OverviewOperations(database)
        self.logs = LogOperations(database)
        self.files = ReconciliationOperations(database)
        self.retention = RetentionOperations(database)
        self.counters = VerifyOperations(database)
        self.browse = BrowseOperations(database)
        self.search = SearchOperations(database)
        self.segments = SegmentOperations(database)
