/** A scenario of the bench: a module with `run`, or a measurement with a command line of its own (`script`). */
const modules = [
  ['latency/decide', 'admit, assess and choose a text of 2,000 characters, in process'],
  ['latency/hop', 'router, queue, echo worker and back, against the barest hop over BullMQ'],
  ['latency/stream', 'what the gateway adds to the first token and to the pace of an answer'],
  ['latency/through', 'a chat to a mock server over HTTP, against calling it directly and through Portkey'],
  ['latency/edges', 'the same chat over HTTP and over gRPC: CPU of the router'],
  ['latency/image', 'the same with a picture of 1 MB, against a plain Node proxy from gRPC to the OpenAI wire'],
  ['load/batch', 'encoders with dynamic batching, against the best fixed batch and against one at a time'],
  ['load/growth', 'CPU a request as stored jobs, tenants and models grow'],
  ['latency/start', 'time until a router is ready, and until the command line has answered'],
]
const scripts = [
  ['latency/way-back', 'reply stream in Redis against a gRPC stream a pair', []],
  ['money/ledger', 'what reserving and settling cost the router', ['--seconds', '1', '--turns', '1']],
  [
    'money/escrow',
    'what a chat costs Redis and the router in steps of the store, with and without escrow',
    ['--chats', '200'],
  ],
  ['load/queue-order', 'the line in Lua against plain BullMQ', ['--legs', '200', '--turns', '1']],
  ['load/overload', 'twice the capacity, against first in first out', ['--seconds', '4', '--concurrency', '4']],
  [
    'load/fairness',
    'a polite tenant beside a flood, against first in first out',
    ['--seconds', '4', '--concurrency', '4'],
  ],
  ['load/cancel', 'from leaving to the end of the work', ['--times', '3']],
]

/** A scenario by its name, which is that of its file under `test/bench`. */
const named = (path, scenario) => [path.slice(path.indexOf('/') + 1), { path, ...scenario }]

/** Every scenario by name: its file, what it measures, whether it runs by default, and how. */
export const catalogue = new Map([
  ...modules.map(([path, says]) => named(path, { says, kind: 'module', usual: true })),
  ...scripts.map(([path, says, quick]) => named(path, { says, kind: 'script', usual: false, quick })),
  named('load/soak', { says: 'ten minutes of mixed load: memory, descriptors, keys', kind: 'module', usual: false }),
  // The tables of outcomes that it reads are not part of the project.
  named('quality/deciding', {
    says: 'what the decider is worth on recorded outcomes',
    kind: 'script',
    usual: false,
    needs: 'outcomes',
  }),
])
