import type { GenerateOptions } from './content.ts'
import type { Recipe } from './model.ts'

/**
 * What a rung is asked with beside its sampling: the request's options, and where it says nothing its recipe's
 * reasoning effort and cap. A recipe's service tier is the rung's own. Pure.
 */
export function optionsFor(
  { reasoningEffort, serviceTier, maxOutputTokens }: Recipe,
  options: GenerateOptions,
): GenerateOptions {
  return {
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(reasoningEffort === undefined ? {} : { reasoning: { effort: reasoningEffort } }),
    ...options,
    ...(serviceTier === undefined ? {} : { serviceTier }),
  }
}
