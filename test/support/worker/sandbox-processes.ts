import { execFileSync } from 'node:child_process'

/** A sandbox's process as the machine sees it. */
export interface SandboxProcess {
  readonly pid: number
  readonly rssMegabytes: number
}

/** The sandboxes that a process has now; those that have ended and were not yet buried do not count. */
export function sandboxesOf(parentPid: number): readonly SandboxProcess[] {
  return listed().flatMap(({ pid, parent, rssMegabytes }) => (parent === parentPid ? [{ pid, rssMegabytes }] : []))
}

/** Whether a sandbox is still there, whoever its parent is by now. */
export function isAlive(sandboxPid: number): boolean {
  return listed().some(({ pid }) => pid === sandboxPid)
}

function listed(): readonly (SandboxProcess & { readonly parent: number })[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,stat=,args='], { encoding: 'utf8' }).split('\n')
  return lines.flatMap(line => {
    const [pid, parent, kilobytes, state = '', ...command] = line.trim().split(/\s+/u)
    if (state.startsWith('Z') || !command.some(part => part.endsWith('sandbox-process.js'))) return []
    return [{ pid: Number(pid), parent: Number(parent), rssMegabytes: Number(kilobytes) / 1024 }]
  })
}
