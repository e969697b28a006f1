"""Both clients before a server that answers as the test says."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from google.rpc import error_details_pb2
from scripted_gateway import answer, refuse, retry_info, serving

from sluice_client import (
    AsyncSluiceClient,
    DeadlineExceededError,
    InvalidRequestError,
    ResourceExhaustedError,
    Retry,
    SluiceClient,
    SluiceError,
    UnauthenticatedError,
    UnavailableError,
)
from sluice_client.v1 import gateway_pb2 as g
from sluice_client.v1.content_pb2 import TASK_GENERATE, Part

QUICK = Retry(first_delay=0.005, most_delay=0.02)


def request(text: str = "hello") -> g.InferRequest:
    return g.InferRequest(task=TASK_GENERATE, content=[Part(text=text)])


def infer(kind: str, address: str, asked: g.InferRequest, *, timeout: float = 20, retry: bool = True) -> g.InferResponse:
    """Asks by the one client or the other."""
    if kind == "sync":
        with SluiceClient(address, retry=QUICK) as client:
            return client.infer(asked, timeout=timeout, retry=retry)

    async def ask() -> g.InferResponse:
        async with AsyncSluiceClient(address, retry=QUICK) as client:
            return await client.infer(asked, timeout=timeout, retry=retry)

    return asyncio.run(ask())


both = pytest.mark.parametrize("kind", ["sync", "asyncio"])


@both
def test_repeats_what_is_unavailable_under_one_key(kind: str) -> None:
    seen: list[g.InferRequest] = []

    def busy(asked: g.InferRequest, context: grpc.ServicerContext) -> g.InferResponse:
        seen.append(asked)
        if len(seen) < 3:
            refuse(context, grpc.StatusCode.UNAVAILABLE, "the queue is full")
        return answer("at last")

    asked = request()
    with serving(busy) as address:
        assert infer(kind, address, asked).output.text == "at last"
    assert len({one.idempotency_key for one in seen}) == 1
    assert seen[0].idempotency_key != ""
    assert [one.constraints.deadline.ToSeconds() for one in seen] == [20, 20, 20]
    assert asked == request(), "the caller's own message is as it was"


@both
def test_leaves_key_and_deadline_of_the_request(kind: str) -> None:
    seen: list[g.InferRequest] = []

    def well(asked: g.InferRequest, context: grpc.ServicerContext) -> g.InferResponse:
        seen.append(asked)
        return answer()

    own = request()
    own.idempotency_key = "mine"
    own.constraints.deadline.FromSeconds(5)
    with serving(well) as address:
        infer(kind, address, own)
        infer(kind, address, request(), retry=False)
    assert seen == [own, request()]


@both
def test_waits_as_long_as_the_gateway_says(kind: str) -> None:
    at: list[float] = []

    def limited(asked: g.InferRequest, context: grpc.ServicerContext) -> g.InferResponse:
        at.append(time.monotonic())
        if len(at) == 1:
            refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "too many", retry_info(0.4))
        return answer()

    with serving(limited) as address:
        infer(kind, address, request())
    assert at[1] - at[0] >= 0.4


@both
def test_does_not_wait_longer_than_the_caller_does(kind: str) -> None:
    asked = 0

    def spent(_asked: g.InferRequest, context: grpc.ServicerContext) -> g.InferResponse:
        nonlocal asked
        asked += 1
        quota = error_details_pb2.QuotaFailure()
        quota.violations.add(subject="tenant:acme:day", description="spent")
        refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "the day is spent", quota, retry_info(3600))
        return answer()

    with serving(spent) as address, pytest.raises(ResourceExhaustedError) as caught:
        infer(kind, address, request())
    assert asked == 1
    assert [(one.subject, one.description) for one in caught.value.quotas] == [("tenant:acme:day", "spent")]
    assert caught.value.retry_after == 3600


@both
@pytest.mark.parametrize("status", ["INVALID_ARGUMENT", "ALREADY_EXISTS", "FAILED_PRECONDITION", "INTERNAL", "NOT_FOUND"])
def test_never_repeats_what_repetition_does_not_help(kind: str, status: str) -> None:
    asked = 0

    def no(_asked: g.InferRequest, context: grpc.ServicerContext) -> g.InferResponse:
        nonlocal asked
        asked += 1
        refuse(context, grpc.StatusCode[status], "no")
        return answer()

    with serving(no) as address, pytest.raises(SluiceError) as caught:
        infer(kind, address, request())
    assert (asked, caught.value.status.name) == (1, status)


@both
def test_has_the_details_of_the_gateway(kind: str) -> None:
    def no(_asked: g.InferRequest, context: grpc.ServicerContext) -> g.InferResponse:
        bad = error_details_pb2.BadRequest()
        bad.field_violations.add(field="content[0].text", description="expected a text")
        info = error_details_pb2.ErrorInfo(reason="INVALID", metadata={"stage": "admit"})
        refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "content[0].text: expected a text", info, bad)
        return answer()

    with serving(no) as address, pytest.raises(InvalidRequestError, match="expected a text") as caught:
        infer(kind, address, request())
    assert [(one.field, one.description) for one in caught.value.fields] == [("content[0].text", "expected a text")]
    assert (caught.value.reason, dict(caught.value.metadata)) == ("INVALID", {"stage": "admit"})


@both
def test_keeps_deadlines(kind: str) -> None:
    done = threading.Event()

    def slow(_asked: g.InferRequest, context: grpc.ServicerContext) -> g.InferResponse:
        done.wait(20)
        return answer()

    with serving(slow) as address:
        with pytest.raises(DeadlineExceededError):
            infer(kind, address, request(), timeout=0.2)
        done.set()
        for wrong in (0, -1, math.nan):
            with pytest.raises(ValueError, match="timeout"):
                infer(kind, address, request(), timeout=wrong)
        assert infer(kind, address, request(), timeout=math.inf).output.text == "well"


@both
def test_gives_up(kind: str) -> None:
    with pytest.raises(UnavailableError):
        infer(kind, "127.0.0.1:1", request())


class Endless:
    """Tells one piece, and then waits until its caller has left."""

    def __init__(self) -> None:
        self.left = threading.Event()

    def __call__(self, _asked: g.InferRequest, context: grpc.ServicerContext) -> Iterator[g.InferEvent]:
        context.add_callback(self.left.set)
        yield g.InferEvent(text_delta=g.TextDelta(text="piece"))
        self.left.wait(20)


def test_leaving_a_stream_cancels_it() -> None:
    for how in ("with", "close", "del"):
        endless = Endless()
        with serving(stream=endless) as address, SluiceClient(address) as client:
            events = client.infer_stream(request())
            if how == "with":
                with events:
                    assert next(events).text_delta.text == "piece"
            else:
                assert next(events).text_delta.text == "piece"
                if how == "close":
                    events.close()
                    assert list(events) == []
                del events
            assert endless.left.wait(10), how


def test_closing_a_stream_ends_whoever_waits_for_it() -> None:
    with serving(stream=Endless()) as address, SluiceClient(address) as client:
        events = client.infer_stream(request())
        next(events)
        rest: list[list[g.InferEvent]] = []
        waiting = threading.Thread(target=lambda: rest.append(list(events)))
        waiting.start()
        events.close()
        waiting.join(10)
        assert rest == [[]]


def test_leaving_an_async_stream_cancels_it() -> None:
    async def play(how: str) -> None:
        endless = Endless()
        with serving(stream=endless) as address:
            async with AsyncSluiceClient(address) as client:
                events = client.infer_stream(request())
                assert (await anext(events)).text_delta.text == "piece"
                if how == "close":
                    events.close()
                    assert [event async for event in events] == []
                if how == "task":
                    waiting = asyncio.ensure_future(anext(events))
                    await asyncio.sleep(0)
                    waiting.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await waiting
                if how == "with":
                    async with events:
                        pass
                assert await asyncio.to_thread(endless.left.wait, 10), how

    for how in ("close", "task", "with"):
        asyncio.run(play(how))


def test_a_stream_is_begun_again_before_its_first_event_alone() -> None:
    asked = 0

    def late(_asked: g.InferRequest, context: grpc.ServicerContext) -> Iterator[g.InferEvent]:
        nonlocal asked
        asked += 1
        if asked == 1:
            refuse(context, grpc.StatusCode.UNAVAILABLE, "the queue is full", retry_info(0.01))
        yield g.InferEvent(text_delta=g.TextDelta(text="piece"))
        refuse(context, grpc.StatusCode.UNAVAILABLE, "gone", retry_info(0.01))

    with serving(stream=late) as address, SluiceClient(address, retry=QUICK) as client:
        events = client.infer_stream(request())
        assert next(events).text_delta.text == "piece"
        with pytest.raises(UnavailableError, match="gone"):
            next(events)
        assert list(events) == []
    assert asked == 2


def test_a_stream_without_a_key_is_not_repeated_where_nobody_knows_what_became_of_it() -> None:
    asked = 0

    def lost(_asked: g.InferRequest, context: grpc.ServicerContext) -> Iterator[g.InferEvent]:
        nonlocal asked
        asked += 1
        context.abort(grpc.StatusCode.UNAVAILABLE, "the connection is lost")
        yield g.InferEvent()

    with serving(stream=lost) as address, SluiceClient(address, retry=QUICK) as client:
        with pytest.raises(UnavailableError):
            next(client.infer_stream(request()))
        assert asked == 1
        keyed = request()
        keyed.idempotency_key = "mine"
        with pytest.raises(UnavailableError):
            next(client.infer_stream(keyed))
        assert asked == 5


def test_calls_every_address_in_turn() -> None:
    asked = [0, 0]

    def count(place: int, context: grpc.ServicerContext) -> g.InferResponse:
        asked[place] += 1
        return answer()

    with (
        serving(lambda _asked, context: count(0, context)) as first,
        serving(lambda _asked, context: count(1, context)) as second,
        SluiceClient(f"ipv4:{first},{second}") as client,
    ):
        end = time.monotonic() + 20
        while min(asked) < 5 and time.monotonic() < end:
            client.infer(request())
    assert min(asked) >= 5


def test_carries_a_key_or_asks_for_one_before_each_call() -> None:
    seen: list[object] = []

    def known(_asked: g.InferRequest, context: grpc.ServicerContext) -> g.InferResponse:
        seen.append(dict(context.invocation_metadata()).get("authorization"))
        if seen[-1] is None:
            refuse(context, grpc.StatusCode.UNAUTHENTICATED, "no key")
        return answer()

    with serving(known) as address:
        with SluiceClient(address, api_key="right") as client:
            client.infer(request())
        with SluiceClient(address, api_key=lambda: f"token-{len(seen)}") as client:
            client.infer(request())

        async def renew() -> str:
            return f"token-{len(seen)}"

        async def ask() -> None:
            async with AsyncSluiceClient(address, api_key=renew) as one:
                await one.infer(request())

        asyncio.run(ask())
        with SluiceClient(address) as client, pytest.raises(UnauthenticatedError):
            client.infer(request())
    assert seen == ["Bearer right", "Bearer token-1", "Bearer token-2", None]
