import { z } from 'zod'

/** A router's processes. */
export const routerSchema = z.strictObject({
  processes: z
    .union([z.literal('auto'), z.int().min(1).max(64)], 'auto or a whole number of at least 1')
    .default(1)
    .describe(
      'Processes of a router behind its ports; `auto` is one a core. More than one pays where a router has cores that workers and Redis leave it. Each takes its own share of connections and holds `limits` by itself.',
    ),
})
