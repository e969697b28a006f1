import { join } from 'node:path'
import { describeChatServer } from './support/chat-suite.ts'
import { installLlama, modelFile, versions } from './support/install.ts'
import { startServer } from './support/server-process.ts'

const broken = { kind: 'failed', reason: 'upstream-error' }
const refused = { kind: 'failed', reason: 'upstream-refused' }

// The server in Python: one call at a time, and nothing tells how many wait.
describeChatServer({
  server: 'llama-cpp-python',
  version: versions['llama-cpp-python'],
  model: 'smollm2',
  features: ['logprobs', 'tools', 'schema', 'json', 'overflow', 'penalties'],
  backend: {},
  // What fails once the stream has begun ends it without a word: status 200 and no body.
  differs: {
    'a tool that must be called': broken,
    'a prompt beyond the context': broken,
    'a picture for a model without eyes': broken,
    // It has one model, and serves it by whatever name.
    'an unknown model': { kind: 'done' },
    'JSON of a schema': refused,
    // A call without words before it has the content null, which it takes for a fault of the request.
    'the result of a tool': refused,
  },
  slots: 1,
  longTokens: 400,
  start: () => {
    const { python, libraries } = installLlama()
    return startServer({
      command: join(python, 'python'),
      parameters: http => [
        ...[
          '-m',
          'llama_cpp.server',
          '--host',
          '127.0.0.1',
          '--port',
          String(http),
          '--n_threads',
          '1',
          '--verbose',
          'false',
        ],
        ...['--model', modelFile('smollm2-135m'), '--model_alias', 'smollm2', '--n_ctx', '1024'],
        ...['--chat_format', 'chatml-function-calling', '--logits_all', 'true'],
      ],
      environment: () => ({ LLAMA_CPP_LIB_PATH: libraries }),
      readyPath: '/v1/models',
    })
  },
})
