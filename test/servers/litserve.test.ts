import { join } from 'node:path'
import { describeChatServer } from './support/chat-suite.ts'
import { installPython, programs, versions } from './support/install.ts'
import { startServer } from './support/server-process.ts'

const refused = { kind: 'failed', reason: 'upstream-refused' }
const done = { kind: 'done' }

// LitServe writes the wire; the model is a program of ours. It does not hear that a caller left, and counts no tokens.
describeChatServer({
  server: 'litserve',
  version: versions.litserve,
  model: 'lit',
  features: ['tools', 'penalties'],
  backend: {},
  differs: {
    // These are the model's to honour, and it is told of them.
    'an answer that the cap cuts': done,
    'an unknown model': done,
    'a picture for a model without eyes': done,
    // It knows `any` where the protocol says `required`, and no tool by its name.
    'a tool that must be called': refused,
    'a tool by its name': refused,
  },
  slots: 4,
  longTokens: 400,
  start: () =>
    startServer({
      command: join(installPython('litserve'), 'python'),
      parameters: http => [join(programs, 'litserve-chat.py'), String(http)],
      readyPath: '/health',
    }),
})
