#!/usr/bin/env bash
# litellm 1.108.7 and openai 3.57.0 (Python) read one stream of a chat from a server that is stopped in the middle of an answer: three pieces of text, each
# with `finish_reason: null`, then the response ends as HTTP has it, without a finish_reason and without `[DONE]`.
#
# One would guess: whoever reads it can see that the answer is not whole: there is no finish_reason, or an error.
# Seen: OpenAI's SDK gives the three pieces and no finish_reason. LiteLLM adds a fourth piece of its own, empty, with `finish_reason: "stop"`: half an
# answer says that it came to its natural end, and no caller, judge or retry rule behind LiteLLM can tell.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install -q litellm==1.108.7 openai==3.57.0
cat > play.py <<'PY'
import json, os, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

os.environ['LITELLM_LOCAL_MODEL_COST_MAP'] = 'True'


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['content-length']))
        self.send_response(200)
        self.send_header('content-type', 'text/event-stream')
        self.send_header('connection', 'close')
        self.end_headers()
        for word in ('The ', 'capital ', 'of '):
            choices = [{'index': 0, 'delta': {'content': word}, 'finish_reason': None}]
            chunk = {'id': 'c', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'm', 'choices': choices}
            self.wfile.write(f'data: {json.dumps(chunk)}\n\n'.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(('127.0.0.1', 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f'http://127.0.0.1:{server.server_port}/v1'
messages = [{'role': 'user', 'content': 'The capital of Norway?'}]


def read(stream):
    chunks = [chunk for chunk in stream if chunk.choices]
    text = ''.join(chunk.choices[0].delta.content or '' for chunk in chunks)
    return text, [chunk.choices[0].finish_reason for chunk in chunks][-1]


import litellm
from openai import OpenAI

direct = read(OpenAI(base_url=base, api_key='k', max_retries=0).chat.completions.create(model='m', stream=True, messages=messages))
through = read(litellm.completion('openai/m', api_base=base, api_key='k', num_retries=0, stream=True, messages=messages))
print(f'openai: {direct}\nlitellm: {through}')
sys.exit(0 if direct == ('The capital of ', None) and through == ('The capital of ', 'stop') else 1)
PY
environment/bin/python play.py
