"""Where the gateway is, who calls, and how patient a client is."""

from __future__ import annotations

import json
import math
import random
import time
import uuid
from dataclasses import dataclass

import grpc

from ._errors import ResourceExhaustedError, SluiceError, UnavailableError
from .v1.gateway_pb2 import InferRequest

DEFAULT_ADDRESS = "127.0.0.1:50051"
DEFAULT_TIMEOUT = 60.0
DEFAULT_MESSAGE_BYTES = 64 * 1024 * 1024

Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True)
class Tls:
    """Certificates as PEM. Without any, the authorities of gRPC are trusted."""

    #: Authorities to trust.
    ca: bytes | None = None
    #: The client's own certificate and its key, for mutual TLS.
    certificate: bytes | None = None
    key: bytes | None = None
    #: The name that the gateway's certificate has, where it is another than that of the address.
    server_name: str | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.ca, self.key, self.certificate)


@dataclass(frozen=True)
class Retry:
    """How calls are tried again."""

    #: Calls in all, the first among them.
    attempts: int = 4
    #: Seconds before the second call; they double from there. The gateway's own word (RetryInfo) goes before them.
    first_delay: float = 0.2
    #: The longest wait of the client's own.
    most_delay: float = 5.0


class Call:
    """One call with its retries: how much time is left, and how long to wait before the next attempt."""

    def __init__(self, timeout: float, retry: Retry | None, repeatable: bool) -> None:
        self._end = time.monotonic() + timeout
        self._retry = retry
        self._repeatable = repeatable

    def time_left(self) -> float | None:
        """Seconds until the deadline; ``None`` where there is none."""
        return None if math.isinf(self._end) else max(0.0, self._end - time.monotonic())

    def delay(self, error: SluiceError, attempt: int) -> float | None:
        """Seconds to wait before the next attempt; ``None`` where there is to be none."""
        retry = self._retry
        if retry is None or attempt >= retry.attempts or not self._may_repeat(error):
            return None
        own = min(retry.most_delay, retry.first_delay * 2 ** (attempt - 1))
        # Spread, so that callers who failed together do not come back together.
        delay = max(own * random.uniform(0.5, 1.0), (error.retry_after or 0.0) * random.uniform(1.0, 1.2))
        return None if time.monotonic() + delay >= self._end else delay

    def _may_repeat(self, error: SluiceError) -> bool:
        if isinstance(error, UnavailableError):
            return self._repeatable or error.retry_after is not None
        return isinstance(error, ResourceExhaustedError) and error.retry_after is not None


def checked_timeout(timeout: float) -> float:
    if not timeout > 0:
        raise ValueError("timeout: expected more than 0 seconds, or math.inf")
    return timeout


def channel_options(tls: Tls | None, message_bytes: int) -> list[tuple[str, str | int]]:
    options: list[tuple[str, str | int]] = [
        # All addresses of a name are called in turn.
        ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 5000),
        ("grpc.max_receive_message_length", message_bytes),
        ("grpc.max_send_message_length", -1),
    ]
    if tls is not None and tls.server_name is not None:
        options.append(("grpc.ssl_target_name_override", tls.server_name))
    return options


def keyed(request: InferRequest, retries: bool) -> InferRequest:
    """The request with an idempotency key, where it has none and would be tried again."""
    if request.idempotency_key or not retries:
        return request
    copy = InferRequest()
    copy.CopyFrom(request)
    copy.idempotency_key = str(uuid.uuid4())
    return copy


def timed(request: InferRequest, timeout: float) -> InferRequest:
    """With a key the gateway no longer takes the time of a call for the time of the request: it is told apart."""
    if not request.idempotency_key or math.isinf(timeout) or request.constraints.HasField("deadline"):
        return request
    copy = InferRequest()
    copy.CopyFrom(request)
    copy.constraints.deadline.FromMilliseconds(math.ceil(timeout * 1000))
    return copy
