// Does the same small work again and again and measures how long it takes: what other work leaves of the machine.
// For tests.
const workMs = 5
const pauseMs = 95
let done = 0
let tookMs = 0
let worstMs = 0

function work() {
  const beganAt = performance.now()
  const before = process.cpuUsage()
  for (;;) {
    const { user, system } = process.cpuUsage(before)
    if (user + system >= workMs * 1000) break
  }
  const elapsedMs = performance.now() - beganAt
  done += 1
  tookMs += elapsedMs
  worstMs = Math.max(worstMs, elapsedMs - workMs)
}

setInterval(work, workMs + pauseMs)
process.on('message', () =>
  process.send({ slowdown: done === 0 ? 1 : tookMs / (done * workMs), worstMs: Math.round(worstMs) }),
)
process.on('disconnect', () => process.exit())
