// How often a backend polls its servers.

/** How often slow and failing endpoints are looked for. */
export const outlierEveryMs = 1000

/** How often a model server's load is read. */
export const readLoadEveryMs = 1000
/** A reading of the load that takes longer has failed. */
export const readLoadTimeoutMs = 900
