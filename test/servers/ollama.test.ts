import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { describeChatServer } from './support/chat-suite.ts'
import { installOllama, modelFile, versions } from './support/install.ts'
import { startServer, type ServerProcess } from './support/server-process.ts'

/** Calls whose generation has begun and has not ended, by the server's own log. */
async function running(server: ServerProcess): Promise<number> {
  const log = server.log()
  const count = (words: RegExp): number => log.match(words)?.length ?? 0
  return (
    count(/msg="completion request"/gu) - count(/msg="(?:context for request finished|aborting completion request)/gu)
  )
}

// It keeps its models by their hash: one is put there as a file.
describeChatServer({
  server: 'ollama',
  version: versions.ollama,
  model: 'smollm2',
  features: ['schema', 'json', 'penalties', 'tools'],
  backend: {},
  wires: ['anthropic', 'responses'],
  slots: 2,
  longTokens: 800,
  running,
  async start() {
    const home = mkdtempSync(join(tmpdir(), 'sluice-ollama-'))
    const server = await startServer({
      command: installOllama(),
      parameters: () => ['serve'],
      environment: http => ({
        OLLAMA_HOST: `127.0.0.1:${http}`,
        OLLAMA_MODELS: join(home, 'models'),
        HOME: home,
        OLLAMA_NUM_PARALLEL: '2',
        OLLAMA_CONTEXT_LENGTH: '2048',
        OLLAMA_DEBUG: '1',
        OLLAMA_KEEP_ALIVE: '-1',
      }),
      readyPath: '/api/version',
    })
    await importModel(server.http, modelFile('smollm2-135m'))
    return server
  },
})

/** The template of the model's makers, with the tools that it was not trained on. */
const template =
  '{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}{{ range .ToolCalls }}{"name":"{{ .Function.Name }}",' +
  '"parameters":{{ .Function.Arguments }}}{{ end }}<|im_end|>\n{{ end }}<|im_start|>assistant\n'

async function importModel(address: string, file: string): Promise<void> {
  const digest = `sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`
  const post = async (path: string, body: string | NodeJS.ReadableStream): Promise<void> => {
    const { statusCode, body: told } = await request(`http://${address}${path}`, {
      method: 'POST',
      body: body as string,
    })
    const text = await told.text()
    if (statusCode >= 300 || text.includes('"error"')) throw new Error(`${path} answered ${statusCode}: ${text}`)
  }
  await post(`/api/blobs/${digest}`, createReadStream(file))
  await post(
    '/api/create',
    JSON.stringify({ model: 'smollm2', files: { 'smollm2.gguf': digest }, template, stream: false }),
  )
}
