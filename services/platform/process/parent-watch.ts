import { workerData } from 'node:worker_threads'

/** The thread of `endWithParent`: an orphan has another parent. */
const checkEveryMs = 500
setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL')
}, checkEveryMs)
