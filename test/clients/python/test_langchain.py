"""LangChain over both wires, unchanged: its models are told a base URL and a key."""

from __future__ import annotations

import os

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

BASE = os.environ["SLUICE_HTTP"]
KEY = os.environ["SLUICE_API_KEY"]


class Event(BaseModel):
    """An event."""

    name: str
    day: str


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"rain in {city}"


def model(wire: str) -> BaseChatModel:
    if wire == "chat":
        return ChatOpenAI(model="auto", base_url=f"{BASE}/v1", api_key=KEY)
    if wire == "responses":
        return ChatOpenAI(model="auto", base_url=f"{BASE}/v1", api_key=KEY, use_responses_api=True)
    return ChatAnthropic(model="auto", base_url=BASE, api_key=KEY, max_tokens=256)


every = pytest.mark.parametrize("wire", ["chat", "responses", "messages"])


@every
def test_invoke_and_stream(wire: str) -> None:
    assert model(wire).invoke("hello").text == "Hello to you, whoever you are."
    assert "".join(piece.text for piece in model(wire).stream("hello")) == "Hello to you, whoever you are."


@every
def test_tools(wire: str) -> None:
    bound = model(wire).bind_tools([weather])
    question = HumanMessage("what is the weather?")
    first = bound.invoke([question])
    assert [(call["name"], call["args"]) for call in first.tool_calls] == [("weather", {"city": "Oslo"})]
    result = ToolMessage(weather.invoke(first.tool_calls[0]["args"]), tool_call_id=first.tool_calls[0]["id"])
    assert bound.invoke([question, first, result]).text == "It rains in Oslo."


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_structured_output(wire: str) -> None:
    assert model(wire).with_structured_output(Event).invoke("an event") == Event(name="fair", day="Friday")


def test_embeddings() -> None:
    embeddings = OpenAIEmbeddings(
        model="embed", base_url=f"{BASE}/v1", api_key=KEY, check_embedding_ctx_length=False
    )
    assert embeddings.embed_documents(["one", "two"]) == [[0.25, -0.5, 1.0], [1.0, 2.0, 3.0]]
