import type { Tickets } from './bullmq-tickets.ts'
import type { Line } from './redis-line.ts'

/** Most tickets that one look hands out. */
const mostAtOnce = 256

/**
 * Makes the look for lost tickets: a process that dies between putting a leg in line and handing out its ticket leaves the line one
 * short. Legs that outnumber tickets at two looks in a row get theirs; one too many does no harm, its worker finds nothing.
 */
export function createTicketMender(line: Line, tickets: Tickets): () => Promise<void> {
  let before = 0
  return async () => {
    const [legs, out] = await Promise.all([line.waiting(), tickets.waiting()])
    const short = Math.min(mostAtOnce, legs - out)
    const lacking = Math.min(before, short)
    before = Math.max(0, short)
    if (lacking <= 0) return
    before = 0
    await line.count(out + lacking)
    await tickets.handOut(lacking)
  }
}
