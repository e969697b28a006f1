import sharp from 'sharp'

/** What the pictures of shapes are made of. A caption names all of it. */
export const shapes = ['circle', 'square', 'triangle', 'star', 'cross', 'ring', 'diamond', 'hexagon']
export const colours = {
  red: '#d22',
  green: '#2a3',
  blue: '#23d',
  yellow: '#ed2',
  orange: '#f82',
  purple: '#83b',
  pink: '#f8b',
  brown: '#852',
}
export const counts = ['one', 'two', 'three', 'four']
export const sizes = ['small', 'large']
export const grounds = { white: '#fff', black: '#111', grey: '#999' }

/** Mulberry32: numbers in [0,1) from a seed. */
export function randomOf(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const pick = (random, list) => list[Math.floor(random() * list.length)]

/** One scene: what is in it, without places. */
export function sceneOf(random) {
  return {
    shape: pick(random, shapes),
    colour: pick(random, Object.keys(colours)),
    count: Math.floor(random() * counts.length) + 1,
    size: pick(random, sizes),
    ground: pick(random, Object.keys(grounds)),
  }
}

/** The name of what a scene shows, such as `red circles`. */
export function nounOf({ shape, count }) {
  if (count === 1) return shape
  return shape === 'cross' ? 'crosses' : `${shape}s`
}

/** The whole caption of a scene. */
export function captionOf(scene) {
  const { count, size, colour, ground } = scene
  return `${counts[count - 1]} ${size} ${colour} ${nounOf(scene)} on a ${ground} background`
}

const regular = (corners, turn, inner = 1) =>
  Array.from({ length: corners }, (_, index) => {
    const angle = turn + (index * 2 * Math.PI) / corners
    const radius = index % 2 === 1 ? inner : 1
    return `${(radius * Math.sin(angle)).toFixed(3)},${(-radius * Math.cos(angle)).toFixed(3)}`
  }).join(' ')

/** Each shape around the origin, in a circle of radius 1. */
const drawn = {
  circle: '<circle r="0.9"/>',
  square: '<rect x="-0.78" y="-0.78" width="1.56" height="1.56"/>',
  triangle: `<polygon points="${regular(3, 0)}"/>`,
  star: `<polygon points="${regular(10, 0, 0.42)}"/>`,
  cross: '<path d="M-.3-.95H.3V-.3H.95V.3H.3V.95H-.3V.3H-.95V-.3H-.3Z"/>',
  ring: '<path fill-rule="evenodd" d="M-.95 0a.95.95 0 1 0 1.9 0a.95.95 0 1 0-1.9 0ZM-.5 0a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0Z"/>',
  diamond: '<polygon points="0,-1 0.62,0 0,1 -0.62,0"/>',
  hexagon: `<polygon points="${regular(6, 0)}"/>`,
}

/** Draws a scene, 128 pixels square, with noise and the traces of JPEG. */
export async function drawScene(scene, random) {
  const side = 128
  const radius = (scene.size === 'small' ? 9 : 19) * (0.9 + random() * 0.2)
  const places = []
  for (let tries = 0; places.length < scene.count && tries < 2000; tries += 1) {
    const place = [radius + random() * (side - 2 * radius), radius + random() * (side - 2 * radius)]
    if (places.every(other => Math.hypot(other[0] - place[0], other[1] - place[1]) > 2.05 * radius)) places.push(place)
  }
  const items = places.map(([x, y]) => {
    const turn = (random() - 0.5) * 24
    return `<g transform="translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turn.toFixed(1)}) scale(${radius.toFixed(2)})">${drawn[scene.shape]}</g>`
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><rect width="${side}" height="${side}" fill="${grounds[scene.ground]}"/><g fill="${colours[scene.colour]}">${items.join('')}</g></svg>`
  const { data, info } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const noise = random() * 44
  for (let at = 0; at < data.length; at += 1) {
    data[at] = Math.max(0, Math.min(255, data[at] + (random() + random() - 1) * noise))
  }
  return sharp(data, { raw: info })
    .jpeg({ quality: 35 + Math.floor(random() * 55) })
    .toBuffer()
}
