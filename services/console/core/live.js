import { useEffect, useState } from '../libraries/hooks.js'
import { stream } from './gateway.js'

const mostRequests = 200
const longestPauseMs = 8000

/** The live feed of the gateway. One for the whole page. */
export const live = {
  /** `connecting`, `live`, or `lost` while it is tried again. */
  status: 'connecting',
  ladders: [],
  pools: [],
  minutes: [],
  degraded: {},
  inFlight: 0,
  /** Newest first. */
  requests: [],
}

const watchers = new Set()
const listeners = new Set()
let byId = new Map()
let stopping

/** Follows the gateway until `stop` is called. */
export function follow() {
  stopping ??= new AbortController()
  void keepFollowing(stopping.signal)
}

/** Clears the feed when the key changes. */
export function stopFollowing() {
  stopping?.abort()
  stopping = undefined
  byId = new Map()
  Object.assign(live, { status: 'connecting', requests: [], minutes: [], pools: [], ladders: [], degraded: {} })
}

/** Called for requests as they change; gives what ends that. */
export function onRequests(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Draws a component again whenever something happened. */
export function useLive() {
  const [, draw] = useState(0)
  useEffect(() => {
    const watcher = () => draw(count => count + 1)
    watchers.add(watcher)
    return () => watchers.delete(watcher)
  }, [])
  return live
}

async function keepFollowing(signal) {
  for (let pauseMs = 500; !signal.aborted; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      for await (const { event, data } of stream('events', { signal })) {
        pauseMs = 500
        take(event, data)
      }
    } catch (error) {
      if (signal.aborted) return
      if (error.status === 401 || error.status === 403) {
        live.status = 'refused'
        changed()
        return
      }
    }
    live.status = 'lost'
    changed()
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
}

function take(event, data) {
  if (event === 'snapshot') {
    byId = new Map(data.requests.toReversed().map(request => [request.id, request]))
    live.ladders = data.ladders
    takeState(data)
    takeRequests(data.requests)
  } else if (event === 'requests') {
    for (const request of data) byId.set(request.id, request)
    takeRequests(data)
  } else if (event === 'pools') takeState(data)
  live.status = 'live'
  changed()
}

function takeState({ now, inFlight, minutes, degraded, pools }) {
  Object.assign(live, { aheadMs: now - Date.now(), inFlight, minutes, degraded, pools })
}

function takeRequests(news) {
  for (const id of byId.keys()) {
    if (byId.size <= mostRequests) break
    byId.delete(id)
  }
  live.requests = [...byId.values()].toSorted((one, other) => other.at - one.at || (other.id > one.id ? 1 : -1))
  for (const listener of listeners) listener(news)
}

let isDue = false
function changed() {
  if (isDue) return
  isDue = true
  requestAnimationFrame(() => {
    isDue = false
    for (const watcher of watchers) watcher()
  })
}
