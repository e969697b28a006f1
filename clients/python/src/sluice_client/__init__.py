"""The client of Sluice: gRPC, typed, sync (`SluiceClient`) and asyncio (`AsyncSluiceClient`)."""

from ._aio import AsyncSluiceClient, AsyncStream
from ._client import SluiceClient, Stream
from ._errors import (
    AlreadyExistsError,
    CancelledError,
    DeadlineExceededError,
    FieldViolation,
    InvalidRequestError,
    NoModelError,
    NotFoundError,
    PermissionDeniedError,
    QuotaViolation,
    ResourceExhaustedError,
    SluiceError,
    UnauthenticatedError,
    UnavailableError,
)
from ._options import Retry, Tls

__all__ = [
    "AlreadyExistsError",
    "AsyncSluiceClient",
    "AsyncStream",
    "CancelledError",
    "DeadlineExceededError",
    "FieldViolation",
    "InvalidRequestError",
    "NoModelError",
    "NotFoundError",
    "PermissionDeniedError",
    "QuotaViolation",
    "ResourceExhaustedError",
    "Retry",
    "SluiceClient",
    "SluiceError",
    "Stream",
    "Tls",
    "UnauthenticatedError",
    "UnavailableError",
]
