import { useEffect, useRef, useState } from '../libraries/hooks.js'
import { html } from '../core/html.js'
import { ask } from '../core/gateway.js'
import { dateTime } from '../core/format.js'

const scopes = ['infer', 'console', 'admin']
const dayMs = 86_400_000

/** Keys, which an operator makes, rotates and revokes. Secrets are shown once, here. */
export function Keys({ session, tenants }) {
  const [keys, setKeys] = useState([])
  const [fault, setFault] = useState('')
  const [issued, setIssued] = useState(undefined)
  const isOperator = session.scopes.includes('admin')
  const load = () =>
    ask('keys').then(
      answer => setKeys(answer.keys),
      error => setFault(error.message),
    )
  useEffect(() => void load(), [])
  const change = async (path, body) => {
    try {
      setFault('')
      const { key, secret } = await ask(path, { method: 'POST', body })
      setIssued(secret === null ? undefined : { id: key.id, secret })
      await load()
    } catch (error) {
      setFault(error.message)
    }
  }
  return html`
    <section class="panel">
      <header><h2>Keys</h2></header>
      ${!isOperator && html`<p class="muted small">To change keys, sign in with one that has the scope <code>admin</code> too.</p>`}
      ${fault !== '' && html`<p class="notice bad" role="alert">${fault}</p>`}
      ${issued !== undefined && html`<${Issued} issued=${issued} close=${() => setIssued(undefined)} />`}
      <table class="figures list">
        <thead>
          <tr>
            <th scope="col">key</th>
            <th scope="col">tenant</th>
            <th scope="col">scopes</th>
            <th scope="col">made</th>
            <th scope="col">state</th>
            <th scope="col"><span class="hidden">change</span></th>
          </tr>
        </thead>
        <tbody>
          ${keys.map(key => html`<${Key} key=${key.id} one=${key} isOperator=${isOperator} change=${change} />`)}
        </tbody>
      </table>
      ${isOperator && html`<${NewKey} tenants=${tenants} create=${body => change('keys', body)} />`}
    </section>
  `
}

function Key({ one, isOperator, change }) {
  const [isSure, setSure] = useState(false)
  const { id, tenant, note, createdAt, expiresAt, revokedAt, previousEndsAt, isConfigured } = one
  const mayChange = isOperator && !isConfigured && revokedAt === null
  const state =
    revokedAt !== null
      ? `revoked ${dateTime(revokedAt)}`
      : expiresAt !== null
        ? `until ${dateTime(expiresAt)}`
        : 'in use'
  return html`
    <tr class=${revokedAt === null ? '' : 'removed'}>
      <th scope="row" data-name="key">${id}<small>${note}</small></th>
      <td data-name="tenant">${tenant}</td>
      <td data-name="scopes">${one.scopes.join(', ')}</td>
      <td data-name="made">${isConfigured ? 'configuration' : dateTime(createdAt)}</td>
      <td data-name="state" class="wrap">
        ${state}${previousEndsAt === null ? '' : `; the secret before until ${dateTime(previousEndsAt)}`}
      </td>
      <td>
        <div class="actions">
          ${mayChange && html`<button onClick=${() => change(`keys/${id}/rotate`, { overlapMs: dayMs })}>Rotate</button>`}
          ${mayChange && !isSure && html`<button class="danger" onClick=${() => setSure(true)}>Revoke</button>`}
          ${mayChange && isSure && html`<button class="danger" onClick=${() => change(`keys/${id}/revoke`, {})}>Revoke ${id} for good</button>`}
        </div>
      </td>
    </tr>
  `
}

function Issued({ issued, close }) {
  const field = useRef(null)
  useEffect(() => field.current?.select(), [issued.secret])
  return html`
    <div class="notice warn">
      <label for="secret">The secret of <b>${issued.id}</b>, shown this once. Copy it now.</label>
      <div class="row">
        <input id="secret" ref=${field} readonly value=${issued.secret} /><button onClick=${close}>Done</button>
      </div>
    </div>
  `
}

function NewKey({ tenants, create }) {
  const submit = event => {
    event.preventDefault()
    const data = new FormData(event.target)
    const days = Number(data.get('days'))
    void create({
      tenant: data.get('tenant').trim(),
      id: data.get('id').trim(),
      note: data.get('note').trim(),
      scopes: data.getAll('scope'),
      ...(days > 0 ? { expiresAt: Date.now() + days * dayMs } : {}),
    })
    event.target.reset()
  }
  return html`
    <details class="new">
      <summary>New key</summary>
      <form onSubmit=${submit}>
        <div><label for="tenant">Tenant</label><input id="tenant" name="tenant" list="tenants" required /></div>
        <datalist id="tenants">${tenants.map(name => html`<option value=${name}></option>`)}</datalist>
        <div><label for="id">Id (made up when empty)</label><input id="id" name="id" /></div>
        <div><label for="note">Note</label><input id="note" name="note" maxlength="256" /></div>
        <div>
          <label for="days">Days until it ends (0: none)</label
          ><input id="days" name="days" type="number" min="0" max="3650" value="90" />
        </div>
        <fieldset>
          <legend>Scopes</legend>
          ${scopes.map(scope => html`<label class="check"><input type="checkbox" name="scope" value=${scope} defaultChecked=${scope === 'infer'} />${scope}</label>`)}
        </fieldset>
        <button class="primary">Make the key</button>
      </form>
    </details>
  `
}
