const dash = '–'

/** @param {number | null | undefined} nanoUsd */
export function usd(nanoUsd) {
  if (nanoUsd === null || nanoUsd === undefined) return dash
  return dollars(nanoUsd / 1e9)
}

/** @param {number} amount in dollars */
export function dollars(amount) {
  const size = Math.abs(amount)
  if (size === 0) return '$0'
  if (size >= 100) return `$${amount.toFixed(0)}`
  if (size >= 1) return `$${amount.toFixed(2)}`
  if (size >= 0.001) return `$${Number(amount.toPrecision(3))}`
  if (size >= 1e-6) return `${Number((amount * 1e6).toPrecision(3))} µ$`
  return `${Number((amount * 1e9).toPrecision(3))} n$`
}

/** @param {number | null | undefined} ms */
export function duration(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return dash
  if (ms === 0) return '0 ms'
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
  return `${(ms / 3_600_000).toFixed(1)} h`
}

/** @param {number | null | undefined} ratio in [0,1] */
export function percent(ratio, digits) {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return dash
  const shown = ratio * 100
  return `${shown.toFixed(digits ?? (shown > 0 && shown < 10 ? 1 : 0))} %`
}

/** @param {number | null | undefined} value */
export function number(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return dash
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(digits)))
}

/** @param {number} at epoch ms */
export function time(at) {
  return new Date(at).toLocaleTimeString('en-GB')
}

/** @param {number} at epoch ms */
export function dateTime(at) {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
}

/** A word of the wire as people read it. */
export function words(text) {
  return String(text ?? '').replaceAll('_', ' ')
}

/** @param {number} count */
export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}
