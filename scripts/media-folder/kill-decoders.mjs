// What becomes of the others when the process that decodes one medium is killed, or goes round without end. Stops the
// decoding processes of one gateway while it decodes a video, and asks for another file meanwhile:
//   node scripts/media-folder/kill-decoders.mjs --out FOLDER --gateway PID [--address HOST:PORT]
// FOLDER is made by ask.mjs; PID is the process of `sluice up`.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openGateway } from '../../dist/services/cli/client/client.js'
import { requestOf } from '../../dist/services/cli/client/request-options.js'

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    gateway: { type: 'string' },
    address: { type: 'string', default: '127.0.0.1:50051' },
  },
})
if (values.out === undefined || values.gateway === undefined) throw new Error('needs --out FOLDER and --gateway PID')
const gateway = await openGateway({ address: values.address })
for (const signal of ['SIGKILL', 'SIGSTOP']) await tryOne(signal)
gateway[Symbol.dispose]()

/** A decoder that is stopped does nothing, as one that goes round. */
async function tryOne(signal) {
  const struck = ask({ video: ['cards-hevc.mp4'], task: 'ocr' })
  const pids = await decoders()
  for (const pid of pids) process.kill(pid, signal)
  const others = [ask({ image: ['sign.png'], task: 'ocr' }), ask({ video: ['cards.mp4'], task: 'ocr' })]
  for (const said of await Promise.all(others)) console.log(`${signal}: another request: ${said}`)
  console.log(`${signal} to ${pids.length} decoding process(es): ${await struck}`)
}

async function ask({ task, ...media }) {
  const startedAt = performance.now()
  const [[kind, [file]]] = Object.entries(media)
  const took = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
  try {
    const { output } = await gateway.call(
      'Infer',
      requestOf({ task, deadline: '150', [kind]: [join(values.out, file)] }, []),
    )
    return `answered in ${took()}: ${output.text.replaceAll(/\s+/gu, ' ')}`
  } catch (error) {
    return `refused in ${took()}: ${error.details ?? error.message}`
  }
}

/** Decoding processes below the gateway, as soon as there is one. */
async function decoders() {
  for (let turn = 0; turn < 1000; turn += 1) {
    const found = below(values.gateway).filter(pid => commandOf(pid).includes('sight-process'))
    if (found.length > 0) return found
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  return []
}

function below(pid) {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`)
    const children = tasks.flatMap(task => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
    return children.filter(Boolean).flatMap(child => [Number(child), ...below(child)])
  } catch {
    return []
  }
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
