/** Text of several pieces that come side by side, passed on in their order. */
export interface OrderedDeltas {
  /** What takes the text of one piece: passed on at once where the pieces before it are done, kept else. */
  of(place: number): (text: string) => Promise<void>
  /** Says that a piece is at its end. */
  done(place: number): Promise<void>
}

/** Makes the order of so many pieces. */
export function createOrderedDeltas(pieces: number, emit: (text: string) => Promise<void>): OrderedDeltas {
  const kept = Array.from({ length: pieces }, () => '')
  const ended = new Set<number>()
  let turn = 0
  return {
    of: place => async text => {
      if (place === turn) await emit(text)
      else kept[place] += text
    },
    async done(place) {
      ended.add(place)
      while (ended.has(turn)) {
        turn++
        const text = kept[turn] ?? ''
        kept[turn] = ''
        if (text !== '') await emit(text)
      }
    },
  }
}
