#!/usr/bin/env bash
# The proxy of litellm 1.108.7 before a server that streams a chat, or answers it whole, over five seconds. The caller closes its connection after one.
#
# One would guess: the proxy closes its connection to the server in each case, which is how a caller tells an engine to stop computing.
# Seen: for a stream that has begun it does, at once. For a chat that is not streamed, and for a stream whose first piece has not come, it does not: it
# waits for the whole answer, the server computes it to the end, and it is paid for. Those are the calls that people give up.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install -q 'litellm[proxy]==1.108.7'
cat > play.py <<'PY'
import http.client, json, os, select, socket, subprocess, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

key = 'sk-' + '0123456789abcdef' * 2
seen = {}


class Server(BaseHTTPRequestHandler):
    def left(self, seconds):
        """Whether the one who asks closes its connection within so many seconds."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b''

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers['content-length'])))
        kind = body['messages'][0]['content']
        if kind == 'begun':
            self.send_response(200)
            self.send_header('content-type', 'text/event-stream')
            self.end_headers()
            choices = [{'index': 0, 'delta': {'content': 'Oslo'}, 'finish_reason': None}]
            chunk = {'id': 'c', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'm', 'choices': choices}
            self.wfile.write(f'data: {json.dumps(chunk)}\n\n'.encode())
        seen[kind] = self.left(5)
        self.close_connection = True

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


server = ThreadingHTTPServer(('127.0.0.1', 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f'http://127.0.0.1:{server.server_port}/v1'
with open('proxy.yaml', 'w') as file:
    parameters = {'model': 'openai/m', 'api_base': base, 'api_key': 'k', 'max_retries': 0}
    json.dump({'model_list': [{'model_name': 'm', 'litellm_params': parameters}]}, file)
port = free_port()
environment = {**os.environ, 'LITELLM_MASTER_KEY': key, 'LITELLM_LOCAL_MODEL_COST_MAP': 'True'}
command = ['environment/bin/litellm', '--config', 'proxy.yaml', '--host', '127.0.0.1', '--port', str(port)]
proxy = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
headers = {'content-type': 'application/json', 'authorization': f'Bearer {key}'}


def ask(kind, stream):
    call = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
    call.request('POST', '/v1/chat/completions', json.dumps({'model': 'm', 'stream': stream, 'messages': [{'role': 'user', 'content': kind}]}), headers)
    if kind == 'begun':
        call.getresponse().read(1)
    else:
        time.sleep(1)
    call.sock.shutdown(socket.SHUT_RDWR)
    call.close()


try:
    for _ in range(300):
        try:
            http.client.HTTPConnection('127.0.0.1', port).request('GET', '/health/liveliness')
            break
        except OSError:
            time.sleep(0.5)
    # The proxy's first call takes seconds by itself.
    ask('begun', True)
    time.sleep(8)
    seen.clear()
    for kind, stream in (('begun', True), ('not begun', True), ('whole', False)):
        ask(kind, stream)
        time.sleep(7)
finally:
    proxy.terminate()
print('the server was left: ' + ', '.join(f'{kind} {"at once" if left else "never"}' for kind, left in seen.items()))
sys.exit(0 if seen == {'begun': True, 'not begun': False, 'whole': False} else 1)
PY
environment/bin/python play.py
