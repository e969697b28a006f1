import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { describeChatServer } from './support/chat-suite.ts'
import { installVllm, programs, run, serversFolder, versions } from './support/install.ts'
import { startServer, type ServerProcess } from './support/server-process.ts'

const slots = 4
const folder = join(serversFolder, 'tiny-model')

/** Calls that the engine works on. */
async function running({ http }: ServerProcess): Promise<number> {
  const { body } = await request(`http://${http}/metrics`)
  return Number(/^vllm:num_requests_running\{[^}]*\} (\S+)$/mu.exec(await body.text())?.[1])
}

// A tiny random model: the wire is real, what it says is not. No mixture of experts, whose adapters vLLM applies on
// graphics cards alone.
describeChatServer({
  server: 'vllm',
  version: versions.vllm,
  model: 'tiny',
  features: ['logprobs', 'tools', 'schema', 'json', 'adapters', 'overflow', 'penalties'],
  backend: { metricsPath: '/metrics', adapters: { law: 'law' } },
  wires: ['anthropic', 'responses'],
  slots,
  longTokens: 400,
  running,
  start: () => {
    const bin = installVllm()
    if (!existsSync(join(folder, 'tiny'))) run(join(bin, 'python'), [join(programs, 'tiny-model.py'), folder])
    return startServer({
      command: join(bin, 'vllm'),
      parameters: http => [
        ...[
          'serve',
          join(folder, 'tiny'),
          '--served-model-name',
          'tiny',
          '--host',
          '127.0.0.1',
          '--port',
          String(http),
        ],
        ...['--dtype', 'bfloat16', '--enforce-eager', '--max-model-len', '512', '--max-num-seqs', String(slots)],
        ...['--enable-lora', '--max-lora-rank', '8', '--lora-modules'],
        ...['law', 'code'].map(name => `${name}=${join(folder, name)}`),
        ...['--enable-auto-tool-choice', '--tool-call-parser', 'hermes'],
      ],
      environment: () => ({ VLLM_CPU_KVCACHE_SPACE: '1', VLLM_CPU_OMP_THREADS_BIND: 'nobind' }),
      readyPath: '/health',
      readyWithinMs: 600_000,
    })
  },
})
