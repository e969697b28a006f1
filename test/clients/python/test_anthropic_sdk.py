"""Anthropic's own SDK, unchanged: it is told a base URL and a key."""

from __future__ import annotations

import asyncio
import os

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic

BASE = os.environ["SLUICE_HTTP"]
KEY = os.environ["SLUICE_API_KEY"]
TOOLS = [{"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]


def asked(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def client() -> Anthropic:
    return Anthropic(base_url=BASE, api_key=KEY, max_retries=0)


def test_messages(client: Anthropic) -> None:
    message = client.messages.create(model="auto", max_tokens=256, system="Be kind.", messages=asked("hello"))
    assert [block.text for block in message.content if block.type == "text"] == ["Hello to you, whoever you are."]
    assert (message.stop_reason, message.type, message.role) == ("end_turn", "message", "assistant")
    assert message.usage.output_tokens > 0


def test_streams(client: Anthropic) -> None:
    with client.messages.stream(model="auto", max_tokens=256, messages=asked("hello")) as stream:
        assert "".join(stream.text_stream) == "Hello to you, whoever you are."
        assert stream.get_final_message().stop_reason == "end_turn"
    kinds = [e.type for e in client.messages.create(model="auto", max_tokens=256, messages=asked("hello"), stream=True)]
    assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"]


def test_tools(client: Anthropic) -> None:
    first = client.messages.create(model="auto", max_tokens=256, tools=TOOLS, messages=asked("what is the weather?"))
    call = first.content[-1]
    assert call.type == "tool_use" and call.input == {"city": "Oslo"}
    second = client.messages.create(
        model="auto",
        max_tokens=256,
        tools=TOOLS,
        messages=[
            *asked("what is the weather?"),
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"}]},
        ],
    )
    assert second.content[0].type == "text" and second.content[0].text == "It rains in Oslo."


def test_thinking(client: Anthropic) -> None:
    with client.messages.stream(
        model="thinker",
        max_tokens=4096,
        thinking={"type": "enabled", "budget_tokens": 1024},
        messages=asked("think"),
    ) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_message()
    assert "thinking" in kinds
    assert message.content[0].type == "thinking" and message.content[0].thinking == "They want to know."
    back = [*asked("think"), {"role": "assistant", "content": message.content}, *asked("hello")]
    again = client.messages.create(model="thinker", max_tokens=256, messages=back)
    assert again.content[-1].type == "text"


def test_counts(client: Anthropic) -> None:
    assert client.messages.count_tokens(model="auto", messages=asked("hello")).input_tokens > 0
    assert "assistant" in [model.id for model in client.models.list()]


def test_errors(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(model="nobody", max_tokens=16, messages=asked("hello"))
    with pytest.raises(anthropic.BadRequestError):
        client.messages.create(model="auto", max_tokens=0, messages=asked("hello"))
    with pytest.raises(anthropic.AuthenticationError):
        Anthropic(base_url=BASE, api_key="wrong", max_retries=0).models.list()


def test_asyncio() -> None:
    async def play() -> None:
        async with AsyncAnthropic(base_url=BASE, api_key=KEY) as client:
            async with client.messages.stream(model="auto", max_tokens=256, messages=asked("hello")) as stream:
                assert await stream.get_final_text() == "Hello to you, whoever you are."

    asyncio.run(play())
