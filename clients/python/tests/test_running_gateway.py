"""Both clients before a running gateway: its address, key and certificates are in the environment."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from sluice_client import (
    AlreadyExistsError,
    AsyncSluiceClient,
    InvalidRequestError,
    NotFoundError,
    SluiceClient,
    Tls,
    UnauthenticatedError,
    UnavailableError,
)
from sluice_client.v1 import gateway_pb2 as g
from sluice_client.v1.content_pb2 import TASK_GENERATE, Part

ADDRESS = os.environ.get("SLUICE_ADDRESS", "")
KEY = os.environ.get("SLUICE_API_KEY", "")
CERTIFICATES = os.environ.get("SLUICE_CERTIFICATES", "")

pytestmark = pytest.mark.skipif(ADDRESS == "", reason="SLUICE_ADDRESS names no gateway")


def request(text: str) -> g.InferRequest:
    return g.InferRequest(task=TASK_GENERATE, content=[Part(text=text)])


def tls() -> Tls | bool:
    if CERTIFICATES == "":
        return False
    ca, certificate, key = (Path(CERTIFICATES, name).read_bytes() for name in ("ca.pem", "cert.pem", "key.pem"))
    return Tls(ca, certificate, key)


def test_sync() -> None:
    with SluiceClient(ADDRESS, api_key=KEY, tls=tls()) as client:
        client.wait_for_ready(10)
        answer = client.infer(request("hello"), timeout=10)
        assert (answer.output.text, answer.model, answer.degraded) == ("hello", "echo-small", False)
        assert answer.cost_nano_usd > 0
        assert list(client.explain(request("hello")).decision.ladder) == ["echo-small", "echo-large"]
        with client.infer_stream(request("confidence=0.1 hard")) as events:
            told = list(events)
        assert "".join(event.text_delta.text for event in told) == "confidence=0.1 hard"
        assert told[-1].final.model == "echo-large"
        asked = request("confidence=0.1 job")
        asked.idempotency_key = "python-sync"
        job = client.submit(asked)
        assert client.submit(asked).job_id == job.job_id
        assert [one.state for one in client.watch_job(job.job_id)][-1] == g.JOB_STATE_SUCCEEDED
        assert client.get_job(job.job_id).response.model == "echo-large"
        assert job.job_id in [one.job_id for one in client.list_jobs()]
        other = client.submit(request("delay=20000 confidence=0.1 long"))
        assert client.cancel_job(other.job_id).state == g.JOB_STATE_CANCELLED
        assert [model.name for model in client.list_models()] == ["echo-small", "echo-large"]
        assert client.get_budget().budgets[0].scope != ""
        client.send_feedback(g.SendFeedbackRequest(request_id=answer.request_id, score=1))


def test_asyncio() -> None:
    async def play() -> None:
        async with AsyncSluiceClient(ADDRESS, api_key=KEY, tls=tls()) as client:
            await client.wait_for_ready(10)
            answers = await asyncio.gather(*(client.infer(request(f"hello {n}")) for n in range(20)))
            assert [one.output.text for one in answers] == [f"hello {n}" for n in range(20)]
            text = ""
            async for event in client.infer_stream(request("confidence=0.1 hard")):
                text += event.text_delta.text
            assert text == "confidence=0.1 hard"
            job = await client.submit(request("job"))
            async with client.watch_job(job.job_id) as states:
                assert [one.state async for one in states][-1] == g.JOB_STATE_SUCCEEDED
            assert len(await client.list_models()) == 2
            await client.send_feedback(g.SendFeedbackRequest(request_id=answers[0].request_id, score=1))

    asyncio.run(play())


def test_errors() -> None:
    with SluiceClient(ADDRESS, api_key=KEY, tls=tls()) as client:
        with pytest.raises(InvalidRequestError) as caught:
            client.infer(g.InferRequest())
        assert [one.field for one in caught.value.fields] == ["content"]
        with pytest.raises(NotFoundError):
            client.get_job("nobody")
        first, second = request("one"), request("two")
        first.idempotency_key = second.idempotency_key = "python-same"
        client.infer(first)
        with pytest.raises(AlreadyExistsError):
            client.infer(second)
    with SluiceClient(ADDRESS, api_key="wrong", tls=tls()) as stranger, pytest.raises(UnauthenticatedError):
        stranger.list_models()


@pytest.mark.skipif(CERTIFICATES == "", reason="the gateway speaks plain text")
def test_certificates() -> None:
    ca = Path(CERTIFICATES, "ca.pem").read_bytes()
    for stranger in (False, True, Tls(ca)):
        with SluiceClient(ADDRESS, tls=stranger, retry=None, timeout=5) as client:
            with pytest.raises(UnavailableError):
                client.list_models()


@pytest.mark.skipif(CERTIFICATES != "", reason="the example is in plain text")
def test_example_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    found = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    exec(compile(found[1].replace("127.0.0.1:50051", ADDRESS), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert re.match(r"Which gas do plants take in\? echo-small 0\.9 \d+\nWhich gas do plants take in\?", printed)
    assert "JOB_STATE_SUCCEEDED 1" in printed
    assert re.search(r"subject='request'.* None\n$", printed)
