/** A scenario of the bench: a module with `run`, or a measurement with a command line of its own (`script`). */
const modules = [
  ['decide', 'admit, assess and choose a text of 2,000 characters, in process'],
  ['hop', 'router, queue, echo worker and back, against the barest hop over BullMQ'],
  ['stream', 'what the gateway adds to the first token and to the pace of an answer'],
  ['through', 'a chat to a mock server over HTTP, against calling it directly and through Portkey'],
  ['edges', 'the same chat over HTTP and over gRPC: CPU of the router'],
  ['image', 'the same with a picture of 1 MB, against a plain Node proxy from gRPC to the OpenAI wire'],
  ['batch', 'encoders with dynamic batching, against the best fixed batch and against one at a time'],
  ['growth', 'CPU a request as stored jobs, tenants and models grow'],
  ['start', 'time until a router is ready, and until the command line has answered'],
]
const scripts = [
  ['way-back', 'reply stream in Redis against a gRPC stream a pair', []],
  ['ledger', 'what reserving and settling cost the router', ['--seconds', '1', '--turns', '1']],
  [
    'escrow',
    'what a chat costs Redis and the router in steps of the store, with and without escrow',
    ['--chats', '200'],
  ],
  ['queue-order', 'the line in Lua against plain BullMQ', ['--legs', '200', '--turns', '1']],
  ['overload', 'twice the capacity, against first in first out', ['--seconds', '4', '--concurrency', '4']],
  ['fairness', 'a polite tenant beside a flood, against first in first out', ['--seconds', '4', '--concurrency', '4']],
  ['cancel', 'from leaving to the end of the work', ['--times', '3']],
]

/** Every scenario by name: what it says, whether it runs unless others are named, and how. */
export const catalogue = new Map([
  ...modules.map(([name, says]) => [name, { says, kind: 'module', usual: true }]),
  ...scripts.map(([name, says, quick]) => [name, { says, kind: 'script', usual: false, quick }]),
  ['soak', { says: 'ten minutes of mixed load: memory, descriptors, keys', kind: 'module', usual: false }],
  // Its tables of outcomes are not part of the project.
  [
    'deciding',
    { says: 'what the decider is worth on recorded outcomes', kind: 'script', usual: false, needs: 'outcomes' },
  ],
])
