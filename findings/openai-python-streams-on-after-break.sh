#!/usr/bin/env bash
# openai 3.57.0 and anthropic 2.14.0 (Python), and openai 7.59.0 (Node): a caller leaves the loop over a streamed answer by `break` after five events, and
# keeps no reference to the stream. The server writes an event every 100 ms, 40 in all, unless its connection is closed.
#
# One would guess: leaving the loop ends the stream, as it does in Node: the generators of both Python SDKs close the response in a `finally`, and
# CPython ends a generator as soon as nothing refers to it.
# Seen: the servers of Node's SDK and of Anthropic's are left at once. OpenAI's stream for Python is part of a cycle of references, so that its `finally`
# runs when the garbage collector next looks for cycles: in a program that does little else the server writes all 40 events, for which the caller pays.
# `with`, or `.close()`, ends it.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install -q openai==3.57.0 anthropic==2.14.0
npm init -y >/dev/null
npm install --no-audit --no-fund openai@7.59.0 >/dev/null 2>&1
cat > loop.mjs <<'JS'
import OpenAI from 'openai'

const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'k', maxRetries: 0 })
let events = 0
for await (const _ of await client.chat.completions.create({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Count.' }] })) {
  events += 1
  if (events === 5) break
}
await new Promise(resolve => setTimeout(resolve, 5000))
JS
cat > play.py <<'PY'
import json, subprocess, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

whole = 40
written = []


def openai_event(place):
    choices = [{'index': 0, 'delta': {'content': f'{place} '}, 'finish_reason': None}]
    return None, {'id': 'c', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'm', 'choices': choices}


def anthropic_event(place):
    if place == 0:
        usage = {'input_tokens': 1, 'output_tokens': 1}
        message = {'id': 'c', 'type': 'message', 'role': 'assistant', 'content': [], 'model': 'm', 'stop_reason': None, 'stop_sequence': None, 'usage': usage}
        return 'message_start', {'type': 'message_start', 'message': message}
    if place == 1:
        return 'content_block_start', {'type': 'content_block_start', 'index': 0, 'content_block': {'type': 'text', 'text': ''}}
    return 'content_block_delta', {'type': 'content_block_delta', 'index': 0, 'delta': {'type': 'text_delta', 'text': f'{place} '}}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['content-length']))
        self.send_response(200)
        self.send_header('content-type', 'text/event-stream')
        self.end_headers()
        count = 0
        try:
            for place in range(whole):
                kind, event = (anthropic_event if self.path.endswith('/messages') else openai_event)(place)
                self.wfile.write(f'{f"event: {kind}" + chr(10) if kind else ""}data: {json.dumps(event)}\n\n'.encode())
                count += 1
                time.sleep(0.1)
        except OSError:
            pass
        written.append(count)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(('127.0.0.1', 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f'http://127.0.0.1:{server.server_port}'

from anthropic import Anthropic
from openai import OpenAI

messages = [{'role': 'user', 'content': 'Count.'}]
chats = OpenAI(base_url=f'{base}/v1', api_key='k', max_retries=0).chat.completions
answers = Anthropic(base_url=base, api_key='k', max_retries=0).messages


def leave(stream):
    for place, _ in enumerate(stream):
        if place == 4:
            break


def leave_openai():
    leave(chats.create(model='m', stream=True, messages=messages))


def leave_anthropic():
    leave(answers.create(model='m', max_tokens=50, stream=True, messages=messages))


def leave_with():
    with chats.create(model='m', stream=True, messages=messages) as stream:
        leave(stream)


def leave_node():
    subprocess.run(['node', 'loop.mjs', f'{base}/v1'], check=True)


seen = {}
for call in (leave_openai, leave_anthropic, leave_with, leave_node):
    written.clear()
    call()
    time.sleep(5)
    seen[call.__name__] = written[0]
print(f'events written of {whole}: {seen}')
left = ('leave_anthropic', 'leave_with', 'leave_node')
right = seen['leave_openai'] == whole and all(seen[one] < 15 for one in left)
sys.exit(0 if right else 1)
PY
environment/bin/python play.py
