"""OpenAI's own SDK, unchanged: it is told a base URL and a key."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import time
import wave

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

BASE = os.environ["SLUICE_HTTP"] + "/v1"
KEY = os.environ["SLUICE_API_KEY"]


class Event(BaseModel):
    name: str
    day: str


WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def asked(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def client() -> OpenAI:
    return OpenAI(base_url=BASE, api_key=KEY, max_retries=0)


def test_chat(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="auto", messages=asked("hello"))
    assert answer.choices[0].message.content == "Hello to you, whoever you are."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage and answer.usage.total_tokens > 0


def test_chat_streams(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="auto", messages=asked("hello"), stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello to you, whoever you are."
    assert chunks[-1].usage is not None


def test_chat_stream_helper(client: OpenAI) -> None:
    with client.chat.completions.stream(model="auto", messages=asked("hello")) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert final.choices[0].message.content == "Hello to you, whoever you are."
    assert "content.delta" in kinds and "content.done" in kinds


def test_tools(client: OpenAI) -> None:
    first = client.chat.completions.create(model="auto", messages=asked("what is the weather?"), tools=[WEATHER])
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls and message.tool_calls[0].function.arguments == '{"city":"Oslo"}'
    second = client.chat.completions.create(
        model="auto",
        tools=[WEATHER],
        messages=[
            *asked("what is the weather?"),
            message,
            {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "rain"},
        ],
    )
    assert second.choices[0].message.content == "It rains in Oslo."


def test_parse(client: OpenAI) -> None:
    answer = client.chat.completions.parse(model="auto", messages=asked("an event"), response_format=Event)
    assert answer.choices[0].message.parsed == Event(name="fair", day="Friday")
    response = client.responses.parse(model="auto", input="an event", text_format=Event)
    assert response.output_parsed == Event(name="fair", day="Friday")
    with client.chat.completions.stream(model="auto", messages=asked("an event"), response_format=Event) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == Event(name="fair", day="Friday")


def test_responses(client: OpenAI) -> None:
    assert client.responses.create(model="auto", input="hello").output_text == "Hello to you, whoever you are."
    with client.responses.stream(model="auto", input="hello") as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_response().output_text == "Hello to you, whoever you are."
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed"


def test_responses_tools(client: OpenAI) -> None:
    tool = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
    first = client.responses.create(model="auto", input="what is the weather?", tools=[tool])
    call = first.output[-1]
    assert call.type == "function_call" and call.arguments == '{"city":"Oslo"}'
    second = client.responses.create(
        model="auto",
        tools=[tool],
        input=[
            *asked("what is the weather?"),
            *first.output,
            {"type": "function_call_output", "call_id": call.call_id, "output": "rain"},
        ],
    )
    assert second.output_text == "It rains in Oslo."


def test_embeddings(client: OpenAI) -> None:
    given = client.embeddings.create(model="embed", input=["one", "two"])
    assert [one.embedding for one in given.data] == [[0.25, -0.5, 1.0], [1.0, 2.0, 3.0]]


def test_transcriptions(client: OpenAI) -> None:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(32_000))
    transcript = client.audio.transcriptions.create(model="transcribe", file=("speech.wav", sound.getvalue()))
    assert transcript.text == "four five six"
    lines = client.audio.transcriptions.create(
        model="transcribe", file=("speech.wav", sound.getvalue()), response_format="vtt"
    )
    assert str(lines).startswith("WEBVTT")


def test_images(client: OpenAI) -> None:
    drawn = client.images.generate(model="draw", prompt="a cat")
    assert drawn.data and base64.b64decode(drawn.data[0].b64_json or "").startswith(b"\x89PNG")


def test_models(client: OpenAI) -> None:
    assert "auto" in [model.id for model in client.models.list()]
    assert client.models.retrieve("assistant").id == "assistant"


def test_errors(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="gpt-9", messages=asked("hello"))
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as bad:
        client.chat.completions.create(model="auto", messages=asked("hello"), n=2)
    assert bad.value.param == "n"
    with pytest.raises(openai.AuthenticationError):
        OpenAI(base_url=BASE, api_key="wrong").models.list()


def test_asyncio() -> None:
    async def play() -> None:
        async with AsyncOpenAI(base_url=BASE, api_key=KEY) as client:
            answers = await asyncio.gather(
                *(client.chat.completions.create(model="auto", messages=asked("hello")) for _ in range(8))
            )
            assert {a.choices[0].message.content for a in answers} == {"Hello to you, whoever you are."}
            text = ""
            async for event in await client.responses.create(model="auto", input="hello", stream=True):
                text += event.delta if event.type == "response.output_text.delta" else ""
            assert text == "Hello to you, whoever you are."

    asyncio.run(play())


def test_batches(client: OpenAI) -> None:
    rows = "\n".join(
        f'{{"custom_id":"row-{n}","method":"POST","url":"/v1/chat/completions",'
        f'"body":{{"model":"auto","messages":[{{"role":"user","content":"hello {n}"}}]}}}}'
        for n in range(5)
    )
    file = client.files.create(file=("rows.jsonl", rows.encode()), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    while batch.status not in {"completed", "failed", "expired", "cancelled"}:
        time.sleep(0.1)
        batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed" and batch.output_file_id
    lines = [json.loads(line) for line in client.files.content(batch.output_file_id).text.strip().splitlines()]
    assert sorted(line["custom_id"] for line in lines) == [f"row-{n}" for n in range(5)]
    assert {line["response"]["status_code"] for line in lines} == {200}
