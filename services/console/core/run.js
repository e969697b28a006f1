import { stream } from './gateway.js'

/**
 * Runs a request and reports its state after each event: `legs` as lists show them, `text` so far, `answer` or
 * `failure` at the end.
 */
export async function runRequest(body, { headers, signal }, onChange) {
  let run = { legs: [], text: '', reasoning: '' }
  const grow = more => onChange((run = { ...run, ...more }))
  grow({})
  try {
    for await (const { event, data } of stream('run', { method: 'POST', body, headers, signal })) {
      if (event === 'failure') grow({ failure: data.error.message })
      else grow(changeOf(event, data, run))
    }
  } catch (error) {
    if (!signal.aborted) grow({ failure: error.message })
  }
  return run
}

function changeOf(event, data, { legs, text, reasoning }) {
  if (event === 'decided') return { decision: data }
  if (event === 'answer') return { answer: data }
  if (event === 'delta') return { text: text + data.text }
  if (event === 'reasoning') return { reasoning: reasoning + data.text }
  // What a rung has said is not the answer when the next one is asked.
  if (event === 'rung-started') {
    const leg = { model: data.model, tier: data.tier, verdict: 'running', confidence: null, costNanoUsd: null }
    return { legs: [...legs, leg], text: '', reasoning: '' }
  }
  if (event !== 'rung-finished') return {}
  const { model, tier, verdict, confidence = null, costNanoUsd } = data
  const done = { model, tier, verdict, confidence, costNanoUsd }
  return legs.some(leg => leg.model === model)
    ? { legs: legs.map(leg => (leg.model === model ? done : leg)) }
    : { legs: [...legs, done] }
}
