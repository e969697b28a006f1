/**
 * Keeps ONNX Runtime from telling its maker which models run here: since 1.29 its published builds send names and
 * hashes of models, counts and an id of the machine, which they also write to the cache folder, unless this is set
 * before its first session. Processes that it starts inherit it.
 *
 * @source https://github.com/microsoft/onnxruntime/pull/27379
 */
export function forbidTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] = '1'
}
