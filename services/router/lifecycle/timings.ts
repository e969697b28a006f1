// How often a router does what it does by itself, and how long it waits for others.

/** A cascade belongs to a router that renews it within this. */
export const leaseMs = 3000
/** Payloads outlive the deadline by this. */
export const payloadGraceMs = 60_000
/** How often followed cascades are read again. */
export const followEveryMs = 100

/** How long Redis may take to answer at the start. */
export const startTimeoutMs = 10_000
/** A reply stream expires this long after its reader's last read. */
export const replyStreamTtlMs = 600_000
/** A settled hold is remembered for a minute: far longer than a command can hang on its way. */
export const rememberHoldMs = 60_000
/** Daily counters are kept for a month, for reports. */
export const keepCounterMs = 31 * 86_400_000

/** A router that runs legs itself is known by its last beat for this long. */
export const beatTtlMs = 3000
/** How often workers and queues are read. */
export const fleetEveryMs = 500
/** Admission decides by this reading, so it is to be younger than a service time. */
export const queuesEveryMs = 20
/** How often pending legs are looked up in the cascade log. */
export const reconcileEveryMs = 1000
/** How often holds that were left are settled. */
export const reapEveryMs = 1000
/** What a loss of all data can cost is what was spent in this time. */
export const rememberEveryMs = 2000
/** How often changed policies are looked for. */
export const policiesEveryMs = 1000
/** How often what was learnt is written. */
export const learningEveryMs = 1000

/** How long after a cascade's end a running leg may still bring its receipt. */
export const receiptGraceMs = 5_000
/**
 * The log keeps a cascade at least ten minutes; a hold that is older than this without one cannot be said never to
 * have been opened.
 */
export const logForgetsMs = 9 * 60_000

/**
 * A hold that is not settled is looked at by any router after this, and again and again: one whose request has ended
 * is settled then.
 */
export const holdLookMs = 30_000

/**
 * A request is opened within milliseconds of taking its key; one that is not open after this came to nothing, its
 * router with it.
 */
export const openWithinMs = 3000
/** How often a call polls for the first request with its idempotency key. */
export const bindingLookEveryMs = 20

/** Time for open holds to give back what they will not use. */
export const heldRetryMs = 1000

/** Pause before the receipt of a leg that Redis did not take is written again. */
export const endRetryMs = 200
/** A receipt is worth writing this long past the deadline: it is owed even when the caller has left. */
export const endGraceMs = 60_000

/** How often feedback polls for the end of its request. */
export const feedbackLookEveryMs = 40

/** How often a drain polls for remaining calls. */
export const drainLookEveryMs = 20

/** As long as the cascade log keeps dead letters. */
export const deadPayloadMs = 7 * 86_400_000

/**
 * A worker that stops a leg when its time is over has told of it within this; one that is inside an operator cannot.
 */
export const notifyWithinMs = 300

/**
 * A pool may be without workers for this long, as when its only one is started again, where its callers have nothing
 * better.
 */
export const strandedGraceMs = 2000

/** A leg that was decided on and is not in the queue after this long will not come. */
export const comingMs = 5000
/** A pool without requests for this long is read only with the workers. */
export const askedLatelyMs = 1000

/** A running model is given this long to stop before the job is shown as it is. */
export const cancelWaitMs = 2000

/** Time for the statuses of calls that a drain ends to reach their clients, before the connections are cut. */
export const exitReasonMs = 1000

/** A recording that takes longer to decode is refused: an hour of MP3 takes about ten seconds. */
export const audioDecodeMs = 60_000
/** Recordings that one router decodes at once; others wait for their turn. */
export const audioDecoders = 2
