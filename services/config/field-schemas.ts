import { z } from 'zod'

/** A name that an operator gives. */
export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/u, 'lower-case letters, digits, dots, dashes; at most 64')
  .refine(given => !(given in Object.prototype), 'another name: this one is reserved')

/** A folder, as given or under the package. */
export const folder = z.string().min(1)

/** A whole number from 1. */
export const count = z.int().min(1)

/** A number from 0. */
export const amount = z.number().min(0)
