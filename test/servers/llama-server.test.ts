import { request } from 'undici'
import { describeChatServer } from './support/chat-suite.ts'
import { installLlama, modelFile, versions } from './support/install.ts'
import { startServer, type ServerProcess } from './support/server-process.ts'

const slots = 2

/** Calls that its slots work on. */
async function running({ http }: ServerProcess): Promise<number> {
  const { body } = await request(`http://${http}/metrics`)
  return Number(/^llamacpp:requests_processing (\S+)$/mu.exec(await body.text())?.[1])
}

// llama.cpp's own server, from the sources within llama-cpp-python.
describeChatServer({
  server: 'llama-server',
  version: versions['llama-cpp-python'],
  model: 'smollm2',
  features: ['logprobs', 'tools', 'schema', 'json', 'overflow', 'penalties'],
  backend: { metricsPath: '/metrics' },
  wires: ['anthropic', 'responses'],
  slots,
  longTokens: 800,
  running,
  start: () =>
    startServer({
      command: installLlama().server,
      parameters: http => [
        ...['--host', '127.0.0.1', '--port', String(http), '--model', modelFile('smollm2-135m'), '--alias', 'smollm2'],
        ...['--ctx-size', '2048', '--parallel', String(slots), '--threads', '2', '--metrics', '--slots', '--jinja'],
        '--no-webui',
      ],
      readyPath: '/health',
    }),
})
