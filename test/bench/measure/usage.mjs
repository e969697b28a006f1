import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of /proc, which Linux fixes at a hundredth of a second for programs. @source man 5 proc, USER_HZ */
const msPerTick = 10

/** CPU time that processes and all their threads have used, in ms. */
export function cpuMsOf(pids) {
  return pids.reduce((sum, pid) => sum + ticksOf(pid) * msPerTick, 0)
}

/** User and system time behind the name, which may hold spaces and brackets. */
function ticksOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** Memory that a process holds, in megabytes. */
export function residentMegabytes(pid) {
  return Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

/** Files, sockets and pipes that a process has open. */
export function descriptorsOf(pid) {
  return readdirSync(`/proc/${pid}/fd`).length
}
