import { Option, type Command } from 'commander'
import { timestampGranularities } from '#services/contract/content'
import { tasks } from './request-options.ts'

/** Adds the options by which a request is described; `request-options.ts` reads them. */
export function addRequestOptions(command: Command): Command {
  return command
    .argument('[text...]', 'text, the same as --text; files after --ocr or --transcribe')
    .option('--text <text>', 'text; - reads standard input')
    .option('--image <file>', 'image file; may be given again', gather)
    .option('--audio <file>', 'audio file; may be given again', gather)
    .option('--video <file>', 'video file; may be given again', gather)
    .option('--document <file>', 'PDF file; may be given again', gather)
    .addOption(new Option('--task <task>', 'default: audio → transcribe, image → ocr, text → generate').choices(tasks))
    .option('--ocr', 'the words are image files to read, the same as --task ocr --image FILE')
    .option('--transcribe', 'the words are audio files, the same as --task transcribe --audio FILE')
    .option('--label-set <name>', 'classify: a label set with trained heads')
    .option('--labels <a,b,…>', 'classify: labels to choose among')
    .option('--language <code>', 'transcribe: ISO 639-1 code of the speech')
    .addOption(
      new Option('--timestamps <of>', 'transcribe: times of segments, or of words too').choices(timestampGranularities),
    )
    .option('--instruction <text>', 'generate: system instruction')
    .option('--max-output-tokens <count>', 'generate: most tokens of the answer')
    .option('--temperature <number>', 'generate: 0 to 2')
    .option('--index <name>', 'generate: answer from passages of this index, and cite them')
    .option('--passages <count>', 'generate, with --index: passages that are shown to the model (default: 4)')
    .option('--size <size>', 'generate_image: width and height such as 1024x1024')
    .option('--quality <word>', 'generate_image: a quality level of the model, such as low or hd')
    .option('--deadline <seconds>', 'time from arrival to answer')
    .option('--max-cost <usd>', 'highest cost in US dollars')
    .option('--max-risk <ratio>', 'highest risk in [0,1] of a worse answer than that of the most expensive model')
    .option('--min-quality <ratio>', 'least confidence in [0,1] to accept an answer')
    .option('--model <name>', 'only this model')
    .option('--tier <name>', 'only this tier')
    .option('--adapter <name>', 'adapter (LoRA) of the model')
    .option('--session <key>', 'requests of one session prefer one server')
    .addOption(new Option('--priority <class>', 'urgency').choices(['interactive', 'normal', 'batch', 'sheddable']))
    .option('--idempotency-key <key>', 'a retry with the same key is not paid twice')
}

function gather(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
