import type { RequestId } from '#services/contract/ids'

/**
 * The newest jobs of each tenant, by the time when they were submitted. The jobs themselves stand elsewhere, and
 * may be gone before their entry.
 */
export interface JobList {
  add(tenant: string, jobId: RequestId, submittedAt: number): Promise<void>
  /** Newest first, from before a time in epoch ms where one is given. */
  newest(tenant: string, options: { readonly limit: number; readonly before?: number }): Promise<readonly RequestId[]>
  remove(tenant: string, jobIds: readonly RequestId[]): Promise<void>
}
