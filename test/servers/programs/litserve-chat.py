"""A chat behind LitServe's own OpenAI wire: says words one at a time, as many as its input orders."""

import asyncio
import sys

import litserve as ls

CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}


class Words(ls.LitAPI):
    def setup(self, device):
        pass

    async def predict(self, request):
        text = request.messages[-1].content or ""
        text = text if isinstance(text, str) else str(text)
        if text.startswith("break"):
            raise RuntimeError("the accelerator fell over")
        if request.tools and request.tool_choice not in ("none", "auto") and request.messages[-1].role == "user":
            yield {"role": "assistant", "content": "", "tool_calls": [CALL]}
            return
        print("call begins", flush=True)
        try:
            for at in range(4000 if text.startswith("Count on") else 6):
                await asyncio.sleep(0.02)
                yield f"word{at} "
        finally:
            print("call ends", flush=True)


if __name__ == "__main__":
    api = Words(spec=ls.OpenAISpec(), enable_async=True)
    server = ls.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, num_api_servers=1)
