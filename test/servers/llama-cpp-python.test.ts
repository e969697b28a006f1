import { join } from 'node:path'
import { describeChatServer } from './support/chat-suite.ts'
import { installLlama, modelFile, versions } from './support/install.ts'
import { startServer } from './support/server-process.ts'

// The server in Python: one call at a time, and nothing tells how many wait.
describeChatServer({
  server: 'llama-cpp-python',
  version: versions['llama-cpp-python'],
  model: 'smollm2',
  features: ['logprobs', 'tools', 'schema', 'json', 'overflow', 'penalties'],
  backend: {},
  slots: 1,
  longTokens: 400,
  start: () => {
    const { python, libraries } = installLlama()
    return startServer({
      command: join(python, 'python'),
      parameters: http => [
        ...['-m', 'llama_cpp.server', '--host', '127.0.0.1', '--port', String(http), '--n_threads', '2'],
        ...['--model', modelFile('smollm2-135m'), '--model_alias', 'smollm2', '--n_ctx', '1024'],
        ...['--chat_format', 'chatml-function-calling', '--logits_all', 'true'],
      ],
      environment: () => ({ LLAMA_CPP_LIB_PATH: libraries }),
      readyPath: '/v1/models',
    })
  },
})
