import { GatewayError } from '#services/contract/errors'

/** A file as its tenant sees it. */
export interface StoredFile {
  readonly fileId: string
  readonly name: string
  readonly purpose: FilePurpose
  readonly bytes: number
  readonly createdAt: number
  /** Epoch ms after which it is gone. */
  readonly endsAt: number
}

/** The purpose of a file: the requests of a batch, or its results. */
export type FilePurpose = 'batch' | 'batch_output'

/** Which files are listed. */
export interface FileQuery {
  readonly limit: number
  /** The file before the first one wanted. */
  readonly after?: string
  readonly oldestFirst?: boolean
}

/** Keeps files by tenant, for a time and within a quota. They are written and read in pieces. */
export interface FileStore {
  /**
   * Begins a file that nobody sees before it is sealed, and that is gone after `ttlMs` unless it is.
   * @throws GatewayError TooLarge (quota) when the tenant has no room or too many files
   */
  begin(tenant: string, ttlMs: number): Promise<string>
  /** Adds bytes at its end. @throws GatewayError TooLarge (quota), NotFound when the file is gone */
  append(tenant: string, fileId: string, bytes: Uint8Array): Promise<void>
  /** Shows the file to its tenant. @throws GatewayError NotFound when it is gone */
  seal(tenant: string, fileId: string, how: SealedFile): Promise<StoredFile>
  /** A sealed file; `undefined` when there is none of this tenant's. */
  find(tenant: string, fileId: string): Promise<StoredFile | undefined>
  /** Sealed files, newest first unless asked otherwise. */
  list(tenant: string, query: FileQuery): Promise<readonly StoredFile[]>
  /** The bytes, piece by piece. @throws GatewayError NotFound when it is gone, also in the middle */
  read(tenant: string, fileId: string): AsyncIterable<Uint8Array>
  /** Frees a file, sealed or not, with all its bytes. False when there was none. */
  remove(tenant: string, fileId: string): Promise<boolean>
  /** Keeps a file at least until then. False when it is gone. */
  keep(tenant: string, fileId: string, untilAt: number): Promise<boolean>
}

/** How a file is shown. */
export interface SealedFile {
  readonly name: string
  readonly purpose: FilePurpose
  readonly ttlMs: number
}

/** The error for a file that is unknown, or another tenant's. */
export function noSuchFile(): GatewayError {
  return new GatewayError('NotFound', 'there is no such file, or it has expired', { reason: 'FILE_NOT_FOUND' })
}
