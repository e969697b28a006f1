import { styleText } from 'node:util'

/** Where a command says what it found. */
export interface Terminal {
  /** True when the output is for a program. */
  readonly json: boolean
  /** True when standard output is a screen. */
  readonly screen: boolean
  /** Prints a line to standard output. */
  line(text?: string): void
  /** Prints a line for a person to standard error, and nothing when the output is for a program. */
  note(text: string): void
  /** Prints a value as JSON. */
  value(value: unknown): void
  /** Colours, on a screen only. */
  paint(style: Style, text: string): string
}

/** How a piece of text may look. */
export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

/** Makes the terminal of this process. */
export function createTerminal(json: boolean): Terminal {
  const screen = process.stdout.isTTY
  return {
    json,
    screen,
    line: (text = '') => process.stdout.write(`${text}\n`),
    note: text => {
      if (!json) process.stderr.write(`${text}\n`)
    },
    value: value => process.stdout.write(`${JSON.stringify(value, undefined, screen ? 2 : undefined)}\n`),
    paint: (style, text) => (screen && !json ? styleText(style, text) : text),
  }
}

/** One column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  readonly align?: 'right'
  readonly style?: (row: Row) => Style | undefined
  /** Longer cells are cut, with an ellipsis. */
  readonly widest?: number
}

/** Lays rows out in columns; empty when there are none. */
export function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[], terminal: Terminal): string {
  const cells = rows.map(row => columns.map(column => cut(column.cell(row), column.widest)))
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map(row => lengthOf(row[index] ?? ''))),
  )
  const pad = (text: string, index: number): string => {
    const space = ' '.repeat((widths[index] ?? 0) - lengthOf(text))
    return columns[index]?.align === 'right' ? space + text : text + space
  }
  const head = columns.map((column, index) => terminal.paint('dim', pad(column.title, index))).join('  ')
  const body = cells.map((row, at) =>
    row
      .map((text, index) => {
        const subject = rows[at]
        const style = subject === undefined ? undefined : columns[index]?.style?.(subject)
        const padded = pad(text, index)
        return style === undefined ? padded : terminal.paint(style, padded)
      })
      .join('  ')
      .trimEnd(),
  )
  return [head.trimEnd(), ...body].join('\n')
}

const segmenter = new Intl.Segmenter()

function lengthOf(text: string): number {
  return [...segmenter.segment(text)].length
}

function cut(text: string, widest = Number.POSITIVE_INFINITY): string {
  const flat = text.replaceAll(/\s+/gu, ' ')
  const segments = [...segmenter.segment(flat)].map(({ segment }) => segment)
  return segments.length <= widest ? flat : `${segments.slice(0, widest - 1).join('')}…`
}
