import { loadScript } from '#services/platform/redis/script'

/** The step in which a leg's end and receipt are written. */
export const endLegScript = loadScript(import.meta.url, 'lua/leg/end-leg.lua')
