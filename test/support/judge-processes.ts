import { execFileSync } from 'node:child_process'

/** A judge's process as the machine sees it. */
export interface JudgeProcess {
  readonly pid: number
  readonly rssMegabytes: number
}

/** The judges that a process has now; those that have ended and were not yet buried do not count. */
export function judgesOf(parentPid: number): readonly JudgeProcess[] {
  return listed().flatMap(({ pid, parent, rssMegabytes }) => (parent === parentPid ? [{ pid, rssMegabytes }] : []))
}

/** Whether a judge is still there, whoever its parent is by now. */
export function isJudging(judgePid: number): boolean {
  return listed().some(({ pid }) => pid === judgePid)
}

function listed(): readonly (JudgeProcess & { readonly parent: number })[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,stat=,args='], { encoding: 'utf8' }).split('\n')
  return lines.flatMap(line => {
    const [pid, parent, kilobytes, state = '', ...command] = line.trim().split(/\s+/u)
    if (state.startsWith('Z') || !command.some(part => part.endsWith('judge-process.js'))) return []
    return [{ pid: Number(pid), parent: Number(parent), rssMegabytes: Number(kilobytes) / 1024 }]
  })
}
