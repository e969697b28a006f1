// How often a worker does what it does by itself, and how long it waits for others.

/** How often a worker sends a heartbeat. */
export const beatEveryMs = 750
/** Three beats may be missed. */
export const beatTtlMs = 3000
/** A reply stream expires this long after its reader's last read. */
export const replyStreamTtlMs = 600_000
/** How long Redis may take to answer at the start. */
export const startTimeoutMs = 10_000

/** Longest wait on an empty queue before the caller regains control. */
export const idleWaitMs = 1000
/** Pause while no model is ready, so that others take what waits. */
export const notReadyMs = 100
/** Pause between two checks while a batch waits for more. */
export const fillLookEveryMs = 1

/** A take is three commands and a wait at most; this is added. */
export const takeSlackMs = 1000
/** Legs that wait for so long before loops that take nothing are starved. */
export const starvedAfterMs = 5000
/** TakeLoops that asked within this are idle. */
export const askedWithinMs = 2500

/** How long paused loops wait before they check again. */
export const pausedLookMs = 100
/** Pause after a turn that failed, as when Redis is away. */
export const failedPauseMs = 200

/**
 * A native operator on a large picture takes seconds; what takes longer than this hangs, and a model is loaded again
 * in less.
 */
export const defaultStuckMs = 10_000

/** How long a process may take to let its model go. */
export const closeProcessMs = 5000

/** A process that has grown is started again no more often than this: what grows at once needs that much. */
export const leastRenewalMs = 60_000

/** Waits between tries to load a model again, doubling up to the last. */
export const firstRestartMs = 200
/** The longest of these waits. */
export const longestRestartMs = 30_000
/** A model that computes in steps ends within this when nobody wants its legs. */
export const longestStepMs = 1000
/** A batch that waits longer for its turn lets others of its worker be taken: its model is inside a slow run. */
export const longWaitMs = 250

/** Pause before a report that Redis did not take is tried again. */
export const reportRetryMs = 200
/** A report is worth keeping this long past the deadline: its receipt is owed even when nobody waits for the answer. */
export const receiptGraceMs = 60_000

/** Longer than any beginning of a batch takes. */
export const rememberEndMs = 30_000
/**
 * Pieces of an answer go together that come so soon after another: 50 a second are as smooth to read as any, and each
 * is two writes, two reads and two wakings.
 */
export const deltaEveryMs = 20
/** Pause before a piece that Redis did not take is sent again. */
export const deltaRetryMs = 100

/** Pause before a picture that Redis did not take is put away again. */
export const putAwayRetryMs = 200

/** Pause before content is asked for again while Redis is away. */
export const loadRetryMs = 200
/** What ends before this need not be told of: its end is word enough, and a cancel finds its worker in the log. */
export const notifyAfterMs = 10
