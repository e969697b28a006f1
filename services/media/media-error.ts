/**
 * A medium that cannot be used as it is: the caller's fault, told as `bad-input`. The text holds nothing of the
 * content.
 */
export class MediaError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MediaError'
  }
}
