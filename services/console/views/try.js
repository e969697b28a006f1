import { useEffect, useRef, useState } from '../libraries/hooks.js'
import { html } from '../core/html.js'
import { ask } from '../core/gateway.js'
import { runRequest } from '../core/run.js'
import { useLive } from '../core/live.js'
import { percent, usd, words } from '../core/format.js'
import { Candidates } from '../parts/candidates.js'
import { RunColumn } from '../parts/run-column.js'
import { Limits, limitHeaders, noLimits } from '../parts/limits.js'
import { Media } from '../parts/media.js'

/** A request of one's own: what would be done, then what is done, beside always-small and always-large. */
export function Try({ session }) {
  const { ladders } = useLive()
  const tasks = [...new Set(ladders.map(ladder => ladder.task))]
  const [task, setTask] = useState('generate')
  const [text, setText] = useState('')
  const [labels, setLabels] = useState('weather, sport, cooking')
  const [media, setMedia] = useState({})
  const [limits, setLimits] = useState(noLimits)
  const [isCompared, setCompared] = useState(true)
  const [turns, setTurns] = useState([])
  const [plan, setPlan] = useState({})
  const [runs, setRuns] = useState(undefined)
  const leaving = useRef(undefined)
  useEffect(() => () => leaving.current?.abort(), [])
  const isTalk = task === 'generate'
  const isEmpty = text.trim() === '' && media.image === undefined && media.audio === undefined

  const bodyOf = model => ({
    task,
    model,
    messages: [
      ...(isTalk ? turns : []),
      { role: 'user', text, image: media.image?.base64, audio: media.audio?.base64 },
    ],
    ...(task === 'classify'
      ? {
          labels: labels
            .split(',')
            .map(label => label.trim())
            .filter(Boolean),
        }
      : {}),
  })
  const begin = () => {
    leaving.current?.abort()
    leaving.current = new AbortController()
    return { headers: limitHeaders(limits), signal: leaving.current.signal }
  }
  const explain = async () => {
    const call = begin()
    setRuns(undefined)
    setPlan({ isBusy: true })
    try {
      const decision = await ask('explain', { method: 'POST', body: bodyOf('auto'), ...call })
      setPlan({ decision })
      return decision
    } catch (error) {
      if (!call.signal.aborted) setPlan({ error })
      return undefined
    }
  }
  const run = async event => {
    event.preventDefault()
    const decision = await explain()
    if (decision === undefined) return
    const call = { headers: limitHeaders(limits), signal: leaving.current.signal }
    const rungs = ladders.find(ladder => ladder.name === decision.ladder)?.rungs.filter(rung => !rung.fallback) ?? []
    const wanted = [['auto', 'The cascade', `ladder ${decision.ladder}`]]
    if (isCompared && rungs.length > 1) {
      wanted.push(
        [rungs[0].name, 'Always small', rungs[0].name],
        [rungs.at(-1).name, 'Always large', rungs.at(-1).name],
      )
    }
    const shown = wanted.map(([model, name, hint]) => ({ model, name, hint, run: {} }))
    setRuns(shown)
    const prompt = text
    const update = index => state =>
      setRuns(now => now?.map((one, at) => (at === index ? { ...one, run: state } : one)))
    // A pinned model keeps no limits: it is what one would get without a cascade.
    const [first] = await Promise.all(
      shown.map(({ model }, index) =>
        runRequest(bodyOf(model), index === 0 ? call : { ...call, headers: {} }, update(index)),
      ),
    )
    if (!isTalk || first.answer === undefined || prompt.trim() === '') return
    setTurns([...turns, { role: 'user', text: prompt }, { role: 'assistant', text: first.answer.text }])
    setText('')
    setMedia({})
  }

  if (!session.scopes.includes('infer')) {
    return html`<h1>Try it</h1>
      <p class="notice warn">This key only looks: to run requests it needs the scope <code>infer</code> as well.</p>`
  }
  return html`
    <h1>Try it</h1>
    <div class="try">
      <form class="panel form" onSubmit=${run}>
        <div class="segments wrap" role="group" aria-label="Task">
          ${tasks.map(one => html`<button type="button" aria-pressed=${task === one} onClick=${() => setTask(one)}>${words(one)}</button>`)}
        </div>
        ${
          isTalk &&
          turns.length > 0 &&
          html`<ol class="turns" aria-label="The conversation so far">
              ${turns.map(turn => html`<li class=${turn.role}>${turn.text}</li>`)}
            </ol>
            <button type="button" class="quiet" onClick=${() => setTurns([])}>New conversation</button>`
        }
        <label for="text">${isTalk && turns.length > 0 ? 'The next turn' : 'Text'}</label>
        <textarea id="text" rows="4" value=${text} onInput=${event => setText(event.target.value)}></textarea>
        ${
          task === 'classify' &&
          html`<label for="labels">Labels, separated by commas</label>
            <input id="labels" value=${labels} onInput=${event => setLabels(event.target.value)} />`
        }
        <${Media} media=${media} change=${setMedia} />
        <${Limits} limits=${limits} change=${setLimits} />
        <label class="check"
          ><input type="checkbox" checked=${isCompared} onChange=${event => setCompared(event.target.checked)} /> beside
          always-small and always-large</label
        >
        <div class="row">
          <button class="primary" disabled=${isEmpty}>Explain and run</button>
          <button type="button" disabled=${isEmpty} onClick=${explain}>Explain only</button>
        </div>
        <p class="muted small">Runs are real: tenant ${session.tenant} pays for them.</p>
      </form>
      <div class="results">
        ${plan.error !== undefined && html`<p class="notice bad" role="alert">${plan.error.message}</p>`}
        ${plan.decision !== undefined && html`<${Plan} decision=${plan.decision} />`}
        ${runs !== undefined && html`<${Saving} runs=${runs} />`}
        ${runs !== undefined && html`<div class="runs">${runs.map(one => html`<${RunColumn} key=${one.name} ...${one} />`)}</div>`}
        ${plan.decision === undefined && runs === undefined && html`<p class="empty">What would be done is shown here, and then what came of it.</p>`}
      </div>
    </div>
  `
}

function Plan({ decision }) {
  const { ladder, candidates, difficulty, firstRung, firstReason, reserveNanoUsd } = decision
  return html`
    <section class="panel">
      <header>
        <h2>What is planned</h2>
        <p class="muted">${ladder}, worst case ${usd(reserveNanoUsd)}</p>
      </header>
      <p>${difficulty === undefined ? '' : `Difficulty ${percent(difficulty)}. `}First ${firstRung}: ${firstReason}.</p>
      <${Candidates} candidates=${candidates} ladder=${ladder} firstRung=${firstRung} />
    </section>
  `
}

function Saving({ runs }) {
  const [own, , large] = runs.map(({ run }) => run.answer)
  if (own === undefined || large === undefined || large.costNanoUsd === 0) return null
  const saved = 1 - own.costNanoUsd / large.costNanoUsd
  const same = own.text.trim() === large.text.trim()
  const change = saved >= 0 ? `${percent(saved)} saved` : `${percent(-saved)} more`
  return html`<p class="notice" role="status">
    ${`The cascade cost ${usd(own.costNanoUsd)}, always-large ${usd(large.costNanoUsd)}: ${change}, for ${same ? 'the same' : 'another'} answer.`}
  </p>`
}
