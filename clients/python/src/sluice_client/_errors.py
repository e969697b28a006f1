"""What a call can end in, as exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import grpc
from google.rpc import error_details_pb2, status_pb2


@dataclass(frozen=True)
class FieldViolation:
    """A field of the request, and what is wrong with it."""

    field: str
    description: str


@dataclass(frozen=True)
class QuotaViolation:
    """A budget or rate limit that does not allow the call, such as ``tenant:acme:day``."""

    subject: str
    description: str


@dataclass(frozen=True)
class _Details:
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    fields: Sequence[FieldViolation] = ()
    quotas: Sequence[QuotaViolation] = ()


class SluiceError(Exception):
    """A call that failed. Its classes are the statuses that a caller treats differently."""

    def __init__(self, status: grpc.StatusCode, message: str, details: _Details | None = None) -> None:
        super().__init__(message or status.name)
        known = details or _Details()
        self.status = status
        #: Tells failures of one status apart, such as ``DEADLINE_AT_ADMIT``; empty where the gateway did not answer.
        self.reason = known.reason
        #: More about the reason, such as the ``stage`` at which the time was over.
        self.metadata = known.metadata
        #: Seconds after which to come again, where the gateway says so.
        self.retry_after = known.retry_after
        self.fields = known.fields
        self.quotas = known.quotas


class InvalidRequestError(SluiceError):
    """INVALID_ARGUMENT: ``fields`` says what to change."""


class UnauthenticatedError(SluiceError):
    """UNAUTHENTICATED: no credential, or one that cannot be used."""


class PermissionDeniedError(SluiceError):
    """PERMISSION_DENIED: the credential does not allow this."""


class NotFoundError(SluiceError):
    """NOT_FOUND: there is no such job, or no longer."""


class AlreadyExistsError(SluiceError):
    """ALREADY_EXISTS: the idempotency key belongs to another request."""


class ResourceExhaustedError(SluiceError):
    """RESOURCE_EXHAUSTED: a budget or rate limit (``quotas``), or a message over its limit."""


class DeadlineExceededError(SluiceError):
    """DEADLINE_EXCEEDED; ``metadata["stage"]`` says where the time went, if the gateway ended it."""


class CancelledError(SluiceError):
    """CANCELLED: the caller left."""


class UnavailableError(SluiceError):
    """UNAVAILABLE: overload, no connection, or every rung failed."""


class NoModelError(SluiceError):
    """FAILED_PRECONDITION: no model can take this; the message names the filter that emptied the list."""


_CLASSES: Mapping[grpc.StatusCode, type[SluiceError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequestError,
    grpc.StatusCode.UNAUTHENTICATED: UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDeniedError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhaustedError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.CANCELLED: CancelledError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.FAILED_PRECONDITION: NoModelError,
}


def read_error(error: grpc.RpcError) -> SluiceError:
    """What a call ended in, as an error of its class."""
    status, message = error.code(), error.details()
    trailers = cast("Iterable[tuple[str, object]]", error.trailing_metadata() or ())
    raw = next((value for key, value in trailers if key == "grpc-status-details-bin"), None)
    details = _read_details(raw) if isinstance(raw, bytes) else None
    return _CLASSES.get(status, SluiceError)(status, message or "", details)


def _read_details(raw: bytes) -> _Details | None:
    try:
        whole = status_pb2.Status.FromString(raw)
        read: dict[str, object] = {}
        for one in whole.details:
            read.update(_read_detail(one))
        return _Details(**read)  # type: ignore[arg-type]
    except ValueError:
        # What stands between may have cut it; status and message are known without it.
        return None


def _read_detail(one: object) -> dict[str, object]:
    info = error_details_pb2.ErrorInfo()
    if one.Unpack(info):  # type: ignore[attr-defined]
        return {"reason": info.reason, "metadata": dict(info.metadata)}
    bad = error_details_pb2.BadRequest()
    if one.Unpack(bad):  # type: ignore[attr-defined]
        return {"fields": tuple(FieldViolation(v.field, v.description) for v in bad.field_violations)}
    quota = error_details_pb2.QuotaFailure()
    if one.Unpack(quota):  # type: ignore[attr-defined]
        return {"quotas": tuple(QuotaViolation(v.subject, v.description) for v in quota.violations)}
    retry = error_details_pb2.RetryInfo()
    if one.Unpack(retry):  # type: ignore[attr-defined]
        return {"retry_after": retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9}
    return {}
