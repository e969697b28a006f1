"""A model behind KServe's own server: tells whether a text is about the weather.

Its tensors are those of the Open Inference Protocol. What a text asks for (a long wait, a fault) is for tests.
"""

import asyncio
import sys

from kserve import InferOutput, InferResponse, Model, ModelServer
from kserve.errors import InferenceError, InvalidInput
from prometheus_client import Gauge

running = Gauge("weather_requests_running", "Requests that the model works on")


class Weather(Model):
    def __init__(self, name):
        super().__init__(name)
        self.load()

    def load(self):
        self.ready = True
        return self.ready

    async def predict(self, payload, headers=None, response_headers=None):
        [text] = [payload.inputs[0].data[0]]
        text = text.decode() if isinstance(text, bytes) else text
        with running.track_inprogress():
            if text.startswith("wait "):
                await asyncio.sleep(float(text.split()[1]))
            if text.startswith("sleep"):
                self.ready = False
            if text.startswith("bad input"):
                raise InvalidInput("the text is no text for this model")
            if text.startswith("break"):
                raise InferenceError("the accelerator fell over")
            if text.startswith("bug"):
                raise RuntimeError("a fault of the model's code")
        if text.startswith("bytes"):
            output = InferOutput("label", [1], "BYTES", data=["weather"])
            return InferResponse(payload.id, self.name, [output, InferOutput("score", [1], "FP64", data=[0.75])])
        rainy = 0.9 if "rain" in text else 0.2
        return InferResponse(payload.id, self.name, [InferOutput("scores", [1, 2], "FP32", data=[1 - rainy, rainy])])


if __name__ == "__main__":
    http, grpc = int(sys.argv[1]), int(sys.argv[2])
    sys.argv = sys.argv[:1]
    ModelServer(http_port=http, grpc_port=grpc, enable_docs_url=False).start([Weather("weather"), Weather("tired")])
