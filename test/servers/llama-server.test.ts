import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { writeLora } from '../support/servers/write-lora.ts'
import { describeChatServer } from './support/chat-suite.ts'
import { installLlamaServer, modelFile, versions } from './support/install.ts'
import { startServer, type ServerProcess } from './support/server-process.ts'

const done = { kind: 'done' }
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
  features: ['logprobs', 'tools', 'schema', 'json', 'adapters', 'overflow', 'penalties'],
  backend: { metricsPath: '/metrics', adapters: { law: '0' }, adapterField: 'lora' },
  wires: ['anthropic', 'responses'],
  differs: {
    // It has one model, and serves it by whatever name.
    'an unknown model': done,
    'anthropic: an unknown model': done,
    'responses: an unknown model': done,
    // Whether a tool is called is the small model's choice all the same.
    'a tool that must be called': done,
    'a tool by its name': done,
    'anthropic: a tool that must be called': done,
    'responses: a tool that must be called': done,
    // The schema goes by words over the one wire, and is not read over the other; so that the small model fails it.
    'anthropic: JSON of a schema': done,
    'responses: JSON of a schema': done,
    // It says `completed` where the cap cut.
    'responses: an answer that the cap cuts': done,
  },
  slots,
  longTokens: 400,
  running,
  start: () => {
    const lora = join(mkdtempSync(join(tmpdir(), 'sluice-lora-')), 'law.gguf')
    writeLora(lora, { width: 576, scale: 0.5 })
    return startServer({
      command: installLlamaServer().server,
      parameters: http => [
        ...['--host', '127.0.0.1', '--port', String(http), '--model', modelFile('smollm2-135m'), '--alias', 'smollm2'],
        ...['--ctx-size', '2048', '--parallel', String(slots), '--threads', '1', '--metrics', '--slots', '--jinja'],
        ...['--lora', lora],
        // The model's own template knows no tools, and a server whose template knows none ignores `tool_choice`.
        ...['--no-webui', '--chat-template-file', installLlamaServer().toolTemplate],
      ],
      readyPath: '/health',
    })
  },
})
