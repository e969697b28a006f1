"""LlamaIndex by its class for servers that speak OpenAI's wire."""

from __future__ import annotations

import os

from llama_index.core.base.llms.types import ChatMessage
from llama_index.llms.openai_like import OpenAILike

MODEL = OpenAILike(
    model="auto",
    api_base=os.environ["SLUICE_HTTP"] + "/v1",
    api_key=os.environ["SLUICE_API_KEY"],
    is_chat_model=True,
    is_function_calling_model=True,
)


def test_chat() -> None:
    messages = [ChatMessage(role="user", content="hello")]
    assert MODEL.chat(messages).message.content == "Hello to you, whoever you are."
    assert list(MODEL.stream_chat(messages))[-1].message.content == "Hello to you, whoever you are."
