import { h } from '../libraries/preact.js'
import htm from '../libraries/htm.js'

/** Templates of the page: `html\`<p>${text}</p>\``. What is put in is text, never markup. */
export const html = htm.bind(h)
