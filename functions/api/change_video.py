"""Changes what a client may change on a video: its visibility."""

from functions.adapters.telemetry import logger
from functions.api.lookup import find_video
from functions.api.services import Services
from functions.core.lifecycle import announcement
from functions.core.lifecycle.moves import Refusal
from functions.core.video import Video, Visibility


def set_visibility(services: Services, video_id: str, visibility: Visibility) -> Video:
    """Make a video public or private, and return it.

    Raises `Problem` or `CatalogUnavailable`.
    """
    video = find_video(services, video_id)
    changed = services.catalog.change(
        video, lambda seen: announcement.set_visibility(seen, visibility)
    )
    if isinstance(changed, Refusal):
        # It was deleted meanwhile.
        return find_video(services, video_id)
    logger().info("visibility set", video_id=changed.id, visibility=changed.visibility)
    return changed
