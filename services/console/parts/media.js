import { useState } from '../libraries/hooks.js'
import { html } from '../core/html.js'
import { base64Of, record } from '../core/record.js'
import { icons } from './icons.js'

/** A picture from a file and a sound from a file or the microphone. */
export function Media({ media, change }) {
  const [recording, setRecording] = useState(undefined)
  const [fault, setFault] = useState('')
  const put = async (kind, blob) => {
    const base64 = await base64Of(blob)
    change(now => ({ ...now, [kind]: { url: `data:${blob.type};base64,${base64}`, base64 } }))
  }
  const choose = kind => event => {
    const [file] = event.target.files
    if (file !== undefined) void put(kind, file)
    event.target.value = ''
  }
  const toggle = async () => {
    try {
      if (recording === undefined) return setRecording(await record())
      setRecording(undefined)
      return await put('audio', await recording.stop())
    } catch (error) {
      setRecording(undefined)
      return setFault(`No sound could be recorded: ${error.message}`)
    }
  }
  return html`
    <div class="row media">
      <label class="button"
        >Picture<input class="hidden" type="file" accept="image/*" onChange=${choose('image')}
      /></label>
      <label class="button"
        >Sound<input class="hidden" type="file" accept="audio/*" onChange=${choose('audio')}
      /></label>
      <button type="button" class=${recording === undefined ? '' : 'danger'} onClick=${toggle}>
        ${recording === undefined ? icons.microphone : icons.stop}${recording === undefined ? 'Record' : 'Stop'}
      </button>
    </div>
    ${fault !== '' && html`<p class="refusal small" role="alert">${fault}</p>`}
    <${Chosen} media=${media} change=${change} />
  `
}

function Chosen({ media, change }) {
  const drop = kind => () => change(now => ({ ...now, [kind]: undefined }))
  const button = (kind, name) => html`<button type="button" class="quiet" onClick=${drop(kind)}>Remove ${name}</button>`
  return html`
    ${media.image !== undefined && html`<div class="row"><img class="chosen" src=${media.image.url} alt="The chosen picture" />${button('image', 'picture')}</div>`}
    ${media.audio !== undefined && html`<div class="row"><audio controls src=${media.audio.url}></audio>${button('audio', 'sound')}</div>`}
  `
}
