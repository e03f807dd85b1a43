"""The health check."""

from fastapi import APIRouter

from functions.api.problem_responses import documented
from functions.api.schemas.health import Health

router = APIRouter(tags=["health"])


@router.get(
    "/health",
    operation_id="getHealth",
    summary="Check that the API answers",
    responses=documented(),
)
async def get_health() -> Health:
    """Answer while the API runs, without the database, the storage or a thread."""
    return Health()
