"""LiteLLM's SDK as a client of both wires."""

from __future__ import annotations

import os

import litellm
import pytest

BASE = os.environ["SLUICE_HTTP"]
KEY = os.environ["SLUICE_API_KEY"]
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}

wires = pytest.mark.parametrize(
    "model, base", [("openai/auto", f"{BASE}/v1"), ("anthropic/auto", BASE)], ids=["openai", "anthropic"]
)


@wires
def test_completion(model: str, base: str) -> None:
    messages = [{"role": "user", "content": "hello"}]
    answer = litellm.completion(model, messages, api_base=base, api_key=KEY, max_tokens=256)
    assert answer.choices[0].message.content == "Hello to you, whoever you are."
    pieces = litellm.completion(model, messages, api_base=base, api_key=KEY, max_tokens=256, stream=True)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == "Hello to you, whoever you are."


@wires
def test_tools(model: str, base: str) -> None:
    messages = [{"role": "user", "content": "what is the weather?"}]
    answer = litellm.completion(model, messages, tools=[WEATHER], api_base=base, api_key=KEY, max_tokens=256)
    assert answer.choices[0].message.tool_calls[0].function.name == "weather"


def test_embedding() -> None:
    given = litellm.embedding("openai/embed", ["one"], api_base=f"{BASE}/v1", api_key=KEY)
    assert given.data[0]["embedding"] == [0.25, -0.5, 1.0]
