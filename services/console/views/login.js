import { useEffect, useRef, useState } from '../libraries/hooks.js'
import { html } from '../core/html.js'
import { useKey } from '../core/gateway.js'

/** Asks for a key with the scope `console`. */
export function Login({ refusal, enter }) {
  const [isBusy, setBusy] = useState(false)
  const field = useRef(null)
  useEffect(() => field.current?.focus(), [])
  const submit = async event => {
    event.preventDefault()
    setBusy(true)
    useKey(field.current.value.trim())
    await enter()
    setBusy(false)
  }
  return html`
    <main class="login">
      <form onSubmit=${submit}>
        <img src="/console/icon.svg" alt="" width="48" height="48" />
        <h1>Sluice console</h1>
        <label for="key">API key or token with the scope <code>console</code></label>
        <input id="key" ref=${field} type="password" autocomplete="off" spellcheck=${false} required />
        ${refusal !== '' && html`<p class="refusal" role="alert">${refusal}</p>`}
        <button class="primary" disabled=${isBusy}>Sign in</button>
        <p class="hint">
          An operator makes one: <code>sluice keys create --tenant ops --scope console</code>. This tab keeps the key
          until it is closed.
        </p>
      </form>
    </main>
  `
}
