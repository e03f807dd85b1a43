"""The JSON of the health check."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    """The answer to a health check."""

    status: Literal["healthy"] = "healthy"
    message: Literal["Clipo AI Backend is running"] = "Clipo AI Backend is running"
