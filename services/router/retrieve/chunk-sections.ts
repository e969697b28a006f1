import type { Locator } from '#services/contract/retrieval/evidence'
import { chunkText, type ChunkOptions } from './chunk-text.ts'

/** A part of a document, and where in it that stands. */
export interface Section {
  readonly text: string
  readonly locator?: Locator | undefined
}

/**
 * Cuts sections into chunks, each with its place. No chunk goes over the end of a page; pieces of a recording that
 * follow each other are joined up to the length of a chunk, from the start of the first to the end of the last.
 */
export function chunkSections(sections: readonly Section[], options: ChunkOptions): readonly Section[] {
  return joinTimed(sections, options.characters).flatMap(({ text, locator }) =>
    chunkText(text, options).map(piece => ({ text: piece, ...(locator === undefined ? {} : { locator }) })),
  )
}

function joinTimed(sections: readonly Section[], characters: number): readonly Section[] {
  const joined: Section[] = []
  for (const section of sections) {
    const before = joined.at(-1)
    const isOne = before !== undefined && isTimed(before) && isTimed(section)
    if (isOne && before.text.length + section.text.length < characters) {
      joined[joined.length - 1] = {
        text: `${before.text} ${section.text}`.trim(),
        locator: { ...before.locator, ...endOf(section) },
      }
    } else joined.push(section)
  }
  return joined
}

function isTimed({ locator }: Section): boolean {
  return locator?.startMs !== undefined && locator.page === undefined
}

function endOf({ locator }: Section): Locator {
  return locator?.endMs === undefined ? {} : { endMs: locator.endMs }
}
