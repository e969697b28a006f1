"""The client for programs without asyncio."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Generic, TypeVar

import grpc

from . import _options as options
from ._errors import SluiceError, UnavailableError, read_error
from ._options import Call, Metadata, Retry, Tls
from .v1 import content_pb2, gateway_pb2 as g

Event = TypeVar("Event")
Answer = TypeVar("Answer")


class Stream(Generic[Event]):
    """The events of a stream as they come. ``close()``, and leaving its ``with`` block, cancels the call."""

    def __init__(self, open_call: Callable[[float | None], Any], call: Call, goes_on: bool) -> None:
        self._open = open_call
        self._call = call
        self._goes_on = goes_on
        self._running: Any = None
        self._attempt = 0
        self._begun = False
        self._closed = False

    def __iter__(self) -> Stream[Event]:
        return self

    def __next__(self) -> Event:
        while not self._closed:
            try:
                if self._running is None:
                    self._attempt += 1
                    self._running = self._open(self._call.time_left())
                event: Event = next(self._running)
                self._begun = True
                return event
            except StopIteration:
                break
            except grpc.RpcError as error:
                if not self._closed:
                    time.sleep(self._delay(read_error(error)))
        self._closed = True
        raise StopIteration

    def _delay(self, failure: SluiceError) -> float:
        """Seconds until the stream is opened again: before its first event alone, since no event can be taken back."""
        if self._begun and self._goes_on:
            self._attempt, self._begun = 1, False
        delay = None if self._begun else self._call.delay(failure, self._attempt)
        self._running = None
        if delay is None:
            self._closed = True
            raise failure
        return delay

    def close(self) -> None:
        self._closed = True
        if self._running is not None:
            self._running.cancel()

    def __enter__(self) -> Stream[Event]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class SluiceClient:
    """
    A client of the gateway. Every call raises a :class:`SluiceError` of its status.

    ``timeout`` is in seconds from now to the answer, retries included, and the time within which the gateway decides;
    ``math.inf`` is none. ``retry=False`` makes a call once, without an idempotency key of the client's own.
    """

    def __init__(
        self,
        address: str = options.DEFAULT_ADDRESS,
        *,
        api_key: str | Callable[[], str] | None = None,
        tls: Tls | bool = False,
        timeout: float = options.DEFAULT_TIMEOUT,
        retry: Retry | None = Retry(),
        message_bytes: int = options.DEFAULT_MESSAGE_BYTES,
    ) -> None:
        secure = Tls() if tls is True else tls or None
        settings = options.channel_options(secure, message_bytes)
        self._channel = (
            grpc.insecure_channel(address, settings)
            if secure is None
            else grpc.secure_channel(address, secure.credentials(), settings)
        )
        self._api_key = api_key
        self._timeout = timeout
        self._retry = retry
        self._infer = self._unary("Infer", g.InferRequest, g.InferResponse)
        self._explain = self._unary("Explain", g.InferRequest, g.ExplainResponse)
        self._count_tokens = self._unary("CountTokens", g.InferRequest, g.CountTokensResponse)
        self._submit = self._unary("Submit", g.SubmitRequest, g.Job)
        self._get_job = self._unary("GetJob", g.GetJobRequest, g.Job)
        self._list_jobs = self._unary("ListJobs", g.ListJobsRequest, g.ListJobsResponse)
        self._cancel_job = self._unary("CancelJob", g.CancelJobRequest, g.Job)
        self._send_feedback = self._unary("SendFeedback", g.SendFeedbackRequest, g.SendFeedbackResponse)
        self._list_models = self._unary("ListModels", g.ListModelsRequest, g.ListModelsResponse)
        self._get_budget = self._unary("GetBudget", g.GetBudgetRequest, g.GetBudgetResponse)
        self._infer_stream = self._channel.unary_stream(
            "/sluice.v1.Gateway/InferStream", g.InferRequest.SerializeToString, g.InferEvent.FromString
        )
        self._watch_job = self._channel.unary_stream(
            "/sluice.v1.Gateway/WatchJob", g.WatchJobRequest.SerializeToString, g.Job.FromString
        )

    def infer(
        self, request: g.InferRequest, *, timeout: float | None = None, retry: bool = True, metadata: Metadata = ()
    ) -> g.InferResponse:
        """
        The answer of the cheapest rung that is trusted. It is tried again under an idempotency key, so that no retry
        is paid twice. A request with a key goes on at the gateway when its caller leaves.
        """
        asked = options.timed(options.keyed(request, self._retries(retry)), self._time(timeout))
        return self._ask(self._infer, asked, timeout, retry, metadata, bool(asked.idempotency_key))

    def infer_stream(
        self, request: g.InferRequest, *, timeout: float | None = None, retry: bool = True, metadata: Metadata = ()
    ) -> Stream[g.InferEvent]:
        """The same, as it happens. Closing the stream cancels the call, unless the request has an idempotency key."""
        asked = options.timed(request, self._time(timeout))
        call = self._call(self._time(timeout), retry, bool(asked.idempotency_key))
        return Stream(
            lambda left: self._infer_stream(asked, timeout=left, metadata=self._metadata(metadata)), call, False
        )

    def explain(
        self, request: g.InferRequest, *, timeout: float | None = None, retry: bool = True, metadata: Metadata = ()
    ) -> g.ExplainResponse:
        """The decision, without running or reserving anything."""
        return self._ask(self._explain, request, timeout, retry, metadata, True)

    def count_tokens(
        self, request: g.InferRequest, *, timeout: float | None = None, retry: bool = True, metadata: Metadata = ()
    ) -> g.CountTokensResponse:
        """How many tokens each model would read, without running or reserving anything."""
        return self._ask(self._count_tokens, request, timeout, retry, metadata, True)

    def submit(
        self, request: g.InferRequest, *, timeout: float | None = None, retry: bool = True, metadata: Metadata = ()
    ) -> g.Job:
        """Starts a durable job."""
        asked = options.keyed(request, self._retries(retry))
        submitted = g.SubmitRequest(request=asked)
        return self._ask(self._submit, submitted, timeout, retry, metadata, bool(asked.idempotency_key))

    def get_job(self, job_id: str, *, timeout: float | None = None) -> g.Job:
        return self._ask(self._get_job, g.GetJobRequest(job_id=job_id), timeout, True, (), True)

    def list_jobs(self, request: g.ListJobsRequest | None = None, *, timeout: float | None = None) -> Sequence[g.Job]:
        """The caller's newest jobs, without their answers."""
        return self._ask(self._list_jobs, request or g.ListJobsRequest(), timeout, True, (), True).jobs

    def watch_job(self, job_id: str, *, timeout: float = math.inf) -> Stream[g.Job]:
        """The job now, and again at each change, until it ends; through lost connections too."""
        request = g.WatchJobRequest(job_id=job_id)
        return Stream(
            lambda left: self._watch_job(request, timeout=left, metadata=self._metadata(())),
            self._call(self._time(timeout), True, True),
            True,
        )

    def cancel_job(self, job_id: str, *, timeout: float | None = None) -> g.Job:
        return self._ask(self._cancel_job, g.CancelJobRequest(job_id=job_id), timeout, True, (), True)

    def send_feedback(self, feedback: g.SendFeedbackRequest, *, timeout: float | None = None) -> None:
        """Tells how good an answer was."""
        self._ask(self._send_feedback, feedback, timeout, True, (), False)

    def list_models(
        self, task: content_pb2.Task.ValueType = content_pb2.TASK_UNSPECIFIED, *, timeout: float | None = None
    ) -> Sequence[g.Model]:
        return self._ask(self._list_models, g.ListModelsRequest(task=task), timeout, True, (), True).models

    def get_budget(self, *, timeout: float | None = None) -> g.GetBudgetResponse:
        return self._ask(self._get_budget, g.GetBudgetRequest(), timeout, True, (), True)

    def wait_for_ready(self, timeout: float | None = None) -> None:
        """Returns when there is a connection."""
        try:
            grpc.channel_ready_future(self._channel).result(timeout=self._time(timeout))
        except grpc.FutureTimeoutError as error:
            raise UnavailableError(grpc.StatusCode.UNAVAILABLE, "no connection in time") from error

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> SluiceClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _unary(self, name: str, request: Any, answer: type[Answer]) -> Callable[..., Answer]:
        return self._channel.unary_unary(
            f"/sluice.v1.Gateway/{name}",
            request.SerializeToString,
            answer.FromString,  # type: ignore[attr-defined]
        )

    def _time(self, timeout: float | None) -> float:
        return options.checked_timeout(self._timeout if timeout is None else timeout)

    def _retries(self, retry: bool) -> bool:
        return retry and self._retry is not None

    def _call(self, timeout: float, retry: bool, repeatable: bool) -> Call:
        return Call(timeout, self._retry if retry else None, repeatable)

    def _metadata(self, given: Metadata) -> Metadata:
        key = self._api_key() if callable(self._api_key) else self._api_key
        return (*given, ("authorization", f"Bearer {key}")) if key else given

    def _ask(
        self,
        method: Callable[..., Answer],
        request: object,
        timeout: float | None,
        retry: bool,
        metadata: Metadata,
        repeatable: bool,
    ) -> Answer:
        call = self._call(self._time(timeout), retry, repeatable)
        for attempt in itertools.count(1):
            try:
                return method(request, timeout=call.time_left(), metadata=self._metadata(metadata))
            except grpc.RpcError as error:
                failure: SluiceError = read_error(error)
                delay = call.delay(failure, attempt)
                if delay is None:
                    raise failure from error
            time.sleep(delay)
        raise AssertionError("the attempts do not end")
