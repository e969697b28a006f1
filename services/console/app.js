import { render } from './libraries/preact.js'
import { useEffect, useState } from './libraries/hooks.js'
import { html } from './core/html.js'
import { ask, isKeyNeeded, keyInUse, useKey } from './core/gateway.js'
import { follow, stopFollowing, useLive } from './core/live.js'
import { icons } from './parts/icons.js'
import { Login } from './views/login.js'
import { Now } from './views/now.js'
import { Money } from './views/money.js'
import { Risk } from './views/risk.js'
import { Try } from './views/try.js'
import { OneRequest } from './views/request.js'

const views = [
  { path: 'now', name: 'Now', view: Now },
  { path: 'requests', name: 'Request', view: OneRequest },
  { path: 'try', name: 'Try it', view: Try },
  { path: 'risk', name: 'Cost and risk', short: 'Risk', view: Risk },
  { path: 'money', name: 'Money', view: Money },
]

function App() {
  const [session, setSession] = useState(undefined)
  const [refusal, setRefusal] = useState(undefined)
  const enter = async () => {
    try {
      if (keyInUse() === '' && (await isKeyNeeded())) {
        setRefusal({ message: '' })
        return
      }
      const found = await ask('session')
      setRefusal(undefined)
      setSession(found)
      follow()
    } catch (error) {
      stopFollowing()
      setRefusal({ message: error.message })
      setSession(undefined)
      useKey('')
    }
  }
  useEffect(() => void enter(), [])
  const leave = () => {
    useKey('')
    stopFollowing()
    setSession(undefined)
    setRefusal({ message: '' })
  }
  if (session !== undefined) return html`<${Shell} session=${session} leave=${leave} />`
  if (refusal !== undefined) return html`<${Login} refusal=${refusal.message} enter=${enter} />`
  return html`<p class="waiting">Sluice console …</p>`
}

function useHash() {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const changed = () => setHash(location.hash)
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  const [path = '', ...rest] = hash.replace(/^#\/?/u, '').split('/')
  return { path: path === '' ? 'now' : path, rest: rest.map(decodeURIComponent) }
}

function Shell({ session, leave }) {
  const { path, rest } = useHash()
  const shown = views.find(one => one.path === path) ?? views[0]
  useEffect(() => {
    document.title = `${shown.name} · Sluice console`
  }, [shown])
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header class="bar">
      <a class="brand" href="#/now"><img src="/console/icon.svg" alt="" width="24" height="24" />Sluice</a>
      <nav aria-label="Views">
        ${views.map(
          ({ path: to, name, short = name }) => html`
            <a href=${`#/${to}`} aria-label=${name} aria-current=${to === shown.path ? 'page' : undefined}
              >${icons[to]}<span class="wide">${name}</span><span class="narrow" aria-hidden="true">${short}</span></a
            >
          `,
        )}
      </nav>
      <div class="tools">
        <${Status} />
        <${ThemeButton} />
        ${
          keyInUse() !== '' &&
          html`<button class="quiet" onClick=${leave} title=${`Signed in as ${session.credentialId}`}>
            ${icons.leave}<span class="wide">Sign out</span>
          </button>`
        }
      </div>
    </header>
    <main id="main" tabindex="-1">
      <${shown.view} key=${shown.path} rest=${rest} session=${session} />
    </main>
  `
}

function skip(event) {
  event.preventDefault()
  document.querySelector('#main').focus()
}

const statusWords = { connecting: 'connecting', live: 'live', lost: 'reconnecting', refused: 'signed out' }

function Status() {
  const { status } = useLive()
  return html`<span class=${`status ${status}`} role="status"><i></i>${statusWords[status]}</span>`
}

function ThemeButton() {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme ?? '')
  const isDark = theme === 'dark' || (theme === '' && matchMedia('(prefers-color-scheme: dark)').matches)
  const change = () => {
    const next = isDark ? 'light' : 'dark'
    document.documentElement.dataset.theme = next
    try {
      localStorage.setItem('sluice.theme', next)
    } catch {
      // It holds for this page then.
    }
    setTheme(next)
  }
  return html`<button class="quiet" onClick=${change} aria-label=${isDark ? 'Light theme' : 'Dark theme'}>
    ${isDark ? icons.sun : icons.moon}
  </button>`
}

const root = document.querySelector('#app')
root.replaceChildren()
render(html`<${App} />`, root)
