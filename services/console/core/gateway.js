// Talks only to the gateway that served the page.

const keyName = 'sluice.key'

/** What the gateway answered with instead of what was asked for. */
export class Refusal extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

/** The key lives as long as the tab; no cookie means that no other page can act in its name. */
export function keyInUse() {
  return sessionStorage.getItem(keyName) ?? ''
}

export function useKey(key) {
  if (key === '') sessionStorage.removeItem(keyName)
  else sessionStorage.setItem(keyName, key)
}

/** Whether there is anything to see without a key. */
export async function isKeyNeeded() {
  const response = await fetch('/console/session', { cache: 'no-store', credentials: 'omit' })
  return (await response.json()).isKeyNeeded
}

/** Asks for JSON. @throws {Refusal} */
export async function ask(path, options = {}) {
  const response = await send(path, options)
  return response.json()
}

/** The events of a stream, one by one: `{ event, data }`. @throws {Refusal} */
export async function* stream(path, options = {}) {
  const response = await send(path, options)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    rest += value
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const read = eventOf(block)
      if (read !== undefined) yield read
    }
  }
}

function eventOf(block) {
  let event = 'message'
  const data = []
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) event = line.slice(7)
    else if (line.startsWith('data: ')) data.push(line.slice(6))
  }
  return data.length === 0 ? undefined : { event, data: JSON.parse(data.join('\n')) }
}

async function send(path, { method = 'GET', body, signal, headers = {} }) {
  const key = keyInUse()
  const response = await fetch(`/console/api/${path}`, {
    method,
    signal,
    cache: 'no-store',
    credentials: 'omit',
    headers: {
      ...headers,
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (response.ok) return response
  const failure = await response.json().catch(() => ({}))
  throw new Refusal(response.status, failure.error?.message ?? `the gateway answers ${response.status}`)
}
