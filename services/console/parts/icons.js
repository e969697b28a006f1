import { html } from '../core/html.js'

const icon = paths => html`
  <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">
    ${paths.map(d => html`<path d=${d} />`)}
  </svg>
`

/** Drawn with one stroke each; words beside them say what they mean. */
export const icons = {
  now: icon(['M3 12h4l3-8 4 16 3-8h4']),
  requests: icon(['M4 6h16M4 12h10M4 18h7', 'M17 15v6M14 18h6']),
  try: icon(['M7 4v16l13-8z']),
  risk: icon(['M4 4v16h16', 'M7 16c3-8 6-10 13-11']),
  money: icon([
    'M12 3v18',
    'M17 7.5C16 6 14.5 5.5 12 5.5c-3 0-5 1.2-5 3.2 0 4.6 10 2 10 6.6 0 2-2 3.2-5 3.2-2.5 0-4.2-.6-5.2-2.2',
  ]),
  sun: icon([
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
    'M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5',
  ]),
  moon: icon(['M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z']),
  leave: icon(['M14 4h5v16h-5', 'M10 8l-4 4 4 4M6 12h9']),
  pause: icon(['M8 5v14M16 5v14']),
  play: icon(['M7 4v16l13-8z']),
  microphone: icon(['M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3z', 'M5 11a7 7 0 0 0 14 0M12 18v3']),
  stop: icon(['M6 6h12v12H6z']),
  back: icon(['M15 5l-7 7 7 7']),
}
