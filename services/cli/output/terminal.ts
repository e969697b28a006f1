import { styleText } from 'node:util'

/** Where a command says what it found. */
export interface Terminal {
  /** True when the output is for a program. */
  readonly json: boolean
  /** True when standard output is a screen. */
  readonly screen: boolean
  /** Columns of the screen; absent where standard output is none, and nothing needs to be cut. */
  readonly columns?: number
  /** Prints a line to standard output. */
  line(text?: string): void
  /** Prints a line for a person to standard error, and nothing when the output is for a program. */
  note(text: string): void
  /** Prints a value as JSON. */
  value(value: unknown): void
  /** Colours, on a screen only. */
  paint(style: Style, text: string): string
}

/**
 * A value as JSON for programs: messages without the fields that proto-loader adds to say which optional ones are
 * there.
 */
export function jsonOf(value: unknown, indent?: number): string {
  return JSON.stringify(value, (key, one: unknown) => (key.startsWith('_') ? undefined : one), indent)
}

/** The allowed format of a piece of text. */
export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

/** Makes the terminal of this process. */
export function createTerminal(json: boolean): Terminal {
  const screen = process.stdout.isTTY
  return {
    json,
    screen,
    ...(screen && !json ? { columns: process.stdout.columns } : {}),
    line: (text = '') => process.stdout.write(`${text}\n`),
    note: text => {
      if (!json) process.stderr.write(`${text}\n`)
    },
    value: value => process.stdout.write(`${jsonOf(value, screen ? 2 : undefined)}\n`),
    paint: (style, text) => (screen && !json ? styleText(style, text) : text),
  }
}

/** One column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  readonly align?: 'right'
  readonly style?: (row: Row) => Style | undefined
  /** On a screen that is too narrow for the table, its cells are cut, with an ellipsis. */
  readonly shrinks?: true
}

/** Lays rows out in columns; empty when there are none. */
export function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[], terminal: Terminal): string {
  const cells = fitted(
    rows.map(row => columns.map(column => column.cell(row).replaceAll(/\s+/gu, ' '))),
    columns,
    terminal.columns,
  )
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

/** A column is never cut to less. */
const narrowest = 16

/** Cuts the cells of columns that shrink to what a screen has left for them. */
function fitted(
  cells: readonly (readonly string[])[],
  columns: readonly { readonly title: string; readonly shrinks?: true }[],
  screenColumns: number | undefined,
): readonly (readonly string[])[] {
  const shrinking = columns.filter(column => column.shrinks === true).length
  if (screenColumns === undefined || shrinking === 0) return cells
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...cells.map(row => lengthOf(row[at] ?? ''))))
  const others = widths.filter((_, at) => columns[at]?.shrinks !== true)
  const left = screenColumns - others.reduce((sum, width) => sum + width, 0) - 2 * (columns.length - 1)
  const most = Math.max(narrowest, Math.floor(left / shrinking))
  return cells.map(row => row.map((text, at) => (columns[at]?.shrinks === true ? cut(text, most) : text)))
}

function cut(text: string, most: number): string {
  const segments = [...segmenter.segment(text)].map(({ segment }) => segment)
  return segments.length <= most ? text : `${segments.slice(0, most - 1).join('')}…`
}
