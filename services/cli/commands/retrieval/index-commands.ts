import type { Command } from 'commander'
import { remote, run } from '#services/cli/client/define-command'

/** Adds `sluice index …`. */
export function addIndexCommands(program: Command): void {
  const index = program.command('index').description('indexes of documents, which retrieval searches')
  remote(index, 'create <name>', 'make an index')
    .option('--model <model>', 'whose vectors it holds (default: the embedding model of the deployment)')
    .option('--chunk-characters <count>', 'most characters of a chunk', '800')
    .action(run(async () => (await import('./indexes.ts')).runCreateIndex))
  remote(index, 'list', 'indexes of the caller').action(run(async () => (await import('./indexes.ts')).runListIndexes))
  remote(index, 'drop <name>', 'remove an index with all it holds').action(
    run(async () => (await import('./indexes.ts')).runDropIndex),
  )
  remote(
    index,
    'add <name> <file...>',
    'put documents in: texts, PDFs, subtitles, recordings; a .jsonl file has one a line',
  )
    .option('--metadata <field=value...>', 'to filter by, for every document')
    .option('--no-wait', 'do not wait for the end of the job')
    .addHelpText(
      'after',
      `
A line of .jsonl is {"id", "title", "text", "metadata": {"field": "text", "other": 3, "third": true}}; the id of any other file is its path.
Passages of a PDF are cited by their page, those of subtitles (.vtt, .srt) and recordings, which are transcribed, by their time.
A document takes the place of the one with its id.`,
    )
    .action(run(async () => (await import('./add-documents.ts')).runAddDocuments))
  remote(index, 'status <job>', 'how far a job of `index add` is').action(
    run(async () => (await import('./add-documents.ts')).runIngestStatus),
  )
  remote(index, 'remove <name> <id...>', 'remove documents').action(
    run(async () => (await import('./indexes.ts')).runRemoveDocuments),
  )
  remote(index, 'search <name> <words...>', 'find chunks by meaning and by words')
    .option('--limit <count>', 'at most this many', '5')
    .option('--by <what>', 'both, vectors, words', 'both')
    .option('--where <field=value...>', 'only documents whose metadata has these values')
    .action(run(async () => (await import('./search-index.ts')).runSearchIndex))
}
