// Makes short clips of known content with questions about them, for `scripts/gather-outcomes.mjs`:
//   node scripts/video/make-clips.mjs --out FOLDER --set fit|evaluation
// Needs ffmpeg, ImageMagick and espeak-ng. Each set has 32 clips of 4 to 7 s: cards whose words are asked for, a voice
// whose words are asked for, cards and a voice that say different things, and a disc that moves. No name, number or
// place is in both sets. Expected answers are words that the answer has to hold.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { out: { type: 'string' }, set: { type: 'string', default: 'evaluation' } },
})
const sets = {
  fit: {
    cities: ['Oslo', 'Madrid', 'Vienna', 'Dublin', 'Athens', 'Warsaw', 'Lisbon', 'Zurich'],
    people: ['Anna', 'Peter', 'Maria', 'Thomas', 'Laura', 'Daniel', 'Emma', 'Henry'],
    numbers: ['three', 'five', 'eight', 'nine', 'twelve', 'fourteen', 'sixteen', 'twenty'],
    things: ['umbrella', 'bicycle', 'guitar', 'camera', 'suitcase', 'ladder', 'blanket', 'mirror'],
    days: ['Monday', 'Tuesday', 'Friday'],
    codes: ['4821', '7730', '1956', '6204', '3317', '9082', '5541', '2673'],
  },
  evaluation: {
    cities: ['London', 'Paris', 'Berlin', 'Rome', 'Prague', 'Geneva', 'Boston', 'Sydney'],
    people: ['Sarah', 'James', 'Julia', 'Robert', 'Alice', 'David', 'Helen', 'George'],
    numbers: ['two', 'four', 'six', 'seven', 'ten', 'eleven', 'fifteen', 'eighteen'],
    things: ['violin', 'helmet', 'basket', 'hammer', 'teapot', 'candle', 'jacket', 'wallet'],
    days: ['Thursday', 'Saturday', 'Sunday'],
    codes: ['1407', '8295', '6613', '3058', '9174', '2440', '7786', '5932'],
  },
}
const numerals = Object.fromEntries(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'
    .split(' ')
    .map((word, number) => [word, String(number)]),
)
const of = sets[values.set]
if (of === undefined || values.out === undefined) throw new Error('needs --out FOLDER and --set fit or evaluation')
mkdirSync(values.out, { recursive: true })

const clips = Array.from({ length: 8 }, (_, at) => clipsOf(at)).flat()
writeFileSync(join(values.out, 'inputs.json'), `${JSON.stringify(clips.map(makeClip), undefined, 1)}\n`)

function clipsOf(at) {
  const [city, person, number, thing, code] = ['cities', 'people', 'numbers', 'things', 'codes'].map(
    kind => of[kind][at],
  )
  const day = of.days[at % of.days.length]
  const spoken = [number, numerals[number]]
  return [
    {
      kind: 'text',
      cards: ['NOTICE', `THE ${thing.toUpperCase()} IS IN ROOM ${code}`, 'THANK YOU'],
      ...(at % 2 === 0
        ? { question: `In which room is the ${thing}?`, expected: [code] }
        : { question: `What is in room ${code}?`, expected: [thing] }),
    },
    {
      kind: 'speech',
      cards: ['NEWS'],
      says: `Hello. My name is ${person}. I bought a ${thing} in ${city} on ${day}.`,
      ...[
        { question: 'In which city was it bought?', expected: [city] },
        { question: 'What is the name of the speaker?', expected: [person] },
        { question: 'What did the speaker buy?', expected: [thing] },
        { question: 'On which day was it bought?', expected: [day] },
      ][at % 4],
    },
    {
      kind: 'both',
      cards: [`TRAIN TO ${city.toUpperCase()}`, `CODE ${code}`],
      says: `The next train leaves from platform ${number}. Please ask for ${person}.`,
      ...[
        { question: 'Where does the train go?', expected: [city] },
        { question: 'From which platform does the train leave?', expected: spoken },
        { question: 'Which code is shown?', expected: [code] },
        { question: 'Who is to be asked?', expected: [person] },
      ][at % 4],
    },
    at < 4
      ? {
          kind: 'moves',
          moves: ['right', 'left', 'up', 'down'][at],
          question: 'In which direction does the disc move: left, right, up or down?',
          expected: [['right', 'left', 'up', 'down'][at]],
        }
      : {
          kind: 'text',
          cards: [`${person.toUpperCase()} WON ${numerals[number]} MEDALS`, `THE GAMES WERE IN ${city.toUpperCase()}`],
          ...(at % 2 === 0
            ? { question: 'Where were the games?', expected: [city] }
            : { question: 'How many medals were won?', expected: spoken }),
        },
  ].map((clip, place) => ({ ...clip, id: `${values.set}-${at}-${clip.kind}-${place}` }))
}

function makeClip({ id, kind, cards = [], says, moves, question, expected }) {
  const file = `${id}.mp4`
  if (!existsSync(join(values.out, file))) film(file, cards, says, moves)
  return {
    id,
    task: 'generate',
    modality: 'video',
    file,
    text: question,
    expected: expected.map(word => word.toLowerCase()).join('|'),
    comparator: 'mentions',
    columns: { kind },
  }
}

function film(file, cards, says, moves) {
  const codec = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-ar', '44100']
  if (moves !== undefined) {
    run('convert', ['-size', '80x80', 'xc:white', '-fill', 'red', '-draw', 'circle 40,40 40,4', 'disc.png'])
    const path = { right: 'x=t*130:y=140', left: 'x=560-t*130:y=140', down: 'x=280:y=t*70', up: 'x=280:y=280-t*70' }
    const still = ['-loop', '1', '-t', '4', '-i', 'disc.png']
    const ground = ['-f', 'lavfi', '-t', '4', '-i', 'color=white:s=640x360:r=25']
    run('ffmpeg', [
      '-y',
      '-loglevel',
      'error',
      ...ground,
      ...still,
      '-filter_complex',
      `overlay=${path[moves]}`,
      ...codec,
      file,
    ])
    return
  }
  const names = cards.map((card, place) => {
    const name = `card${place}.png`
    const font = ['-font', 'DejaVu-Sans-Bold', '-pointsize', card.length > 18 ? '34' : '56']
    run('convert', ['-size', '640x360', 'xc:white', ...font, '-gravity', 'center', '-annotate', '0', card, name])
    return name
  })
  const seconds = says === undefined ? 2 : 6 / cards.length
  const list = names.map(name => `file ${name}\nduration ${seconds}\n`).join('')
  writeFileSync(join(values.out, 'cards.txt'), `${list}file ${names.at(-1)}\n`)
  const shown = ['-f', 'concat', '-i', 'cards.txt']
  if (says === undefined) {
    run('ffmpeg', [
      '-y',
      '-loglevel',
      'error',
      ...shown,
      '-r',
      '25',
      '-t',
      String(seconds * cards.length),
      ...codec,
      file,
    ])
    return
  }
  run('espeak-ng', ['-v', 'en-gb', '-s', '140', '-w', 'voice.wav', says])
  const whole = ['-af', 'apad=whole_dur=7', '-t', '7']
  run('ffmpeg', ['-y', '-loglevel', 'error', ...shown, '-i', 'voice.wav', '-r', '25', ...whole, ...codec, file])
}

function run(command, parameters) {
  const { status, stderr, error } = spawnSync(command, parameters, { cwd: values.out, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')}: ${error?.message ?? stderr}`)
}
