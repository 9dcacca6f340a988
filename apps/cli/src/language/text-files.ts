/** What a folder of a model says beside its weights and its sizes: how texts become ids, and vectors. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  ggufTextPairs,
  poolingFiles,
  poolingOf,
  poolingPairs,
  textFilesOfGguf,
  type GgufMetadata,
  type Pooling,
} from '@espalier/language';
import type { ModelFolder } from '@espalier/models';
import { writeFileBy } from '@espalier/models/node';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import type { ModelAt } from './compression.ts';

/** Files by their names, of tokenizers as several programs have them, and of what makes vectors of hidden states. */
const named = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'chat_template.jinja',
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
] as const;

/** Those of the folders that `modules.json` names: it is of others, and a name in it leads nowhere else. */
async function ofModules(folder: ModelFolder): Promise<readonly string[]> {
  const list = await folder.json('modules.json');
  const paths = (Array.isArray(list) ? (list as readonly ({ readonly path?: unknown } | null)[]) : []).map(
    (each) => each?.path,
  );
  return paths.flatMap((path) =>
    typeof path === 'string' && /^\w[\w-]*$/u.test(path) ? [join(path, 'config.json')] : [],
  );
}

/**
 * Writes into a folder what the files of a model say of texts.
 * @throws {FormatError} for what they say wrongly.
 */
export async function writeTextFiles({ place, from, model }: ModelAt, folder: string): Promise<void> {
  if ('config' in from) {
    for (const file of [...named, ...(await ofModules(from))]) {
      if (!existsSync(join(place.path, file))) continue;
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await copyFile(join(place.path, file), join(folder, file));
    }
    return;
  }
  const { description } = model;
  const pooling = description.gives === 'states' ? await poolingOf(from, description) : undefined;
  const files = {
    ...('tokenizer.ggml.model' in from.metadata && textFilesOfGguf(from.metadata)),
    ...(pooling && poolingFiles(pooling, description.width)),
  };
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFileBy(join(folder, file), (sink) => sink.write(Buffer.from(text)));
  }
}

/** What readers of a GGUF file do otherwise with vectors than the folder says, for which there are no words in it. */
async function notSaid(folder: ModelFolder, { normalize }: Pooling, context: number): Promise<readonly string[]> {
  const said = (await folder.json('sentence_bert_config.json')) as { readonly max_seq_length?: unknown } | undefined;
  const most = said?.max_seq_length;
  return [
    ...(normalize ? [] : ['readers of the file divide vectors by their lengths, which the folder does not ask for']),
    ...(typeof most === 'number' && most < context
      ? [`readers of the file cut texts at ${context} tokens, and the folder says ${most}`]
      : []),
  ];
}

/** A folder that becomes a GGUF file. */
interface ToGguf {
  readonly at: ModelAt;
  /** Of a model that gives hidden states. */
  readonly pooling: Pooling | undefined;
  readonly strict: boolean;
}

/**
 * What a GGUF file has to say of texts beside what it says of the model; tells of what readers of it will do otherwise.
 * @throws {UsageError} for that, where nothing may be otherwise.
 * @throws {FormatError} naming what of a tokenizer GGUF has no words for.
 */
export async function textPairs(
  session: Session,
  { at: { from, model }, pooling, strict }: ToGguf,
): Promise<GgufMetadata> {
  if (!('config' in from)) return {};
  const { description } = model;
  const vectors = pooling ? poolingPairs(pooling, description.family) : {};
  const odd = pooling ? await notSaid(from, pooling, description.context) : [];
  if ((await from.json('tokenizer.json')) === undefined) {
    if (strict) throw new UsageError('the folder has no tokenizer.json, and the file would hold no tokenizer');
    session.log('the file will hold no tokenizer: there is no tokenizer.json in the folder');
    return vectors;
  }
  const { pairs, notes } = await ggufTextPairs(from, description);
  const all = [...notes, ...odd];
  if (strict && all.length > 0) throw new UsageError(`--strict: ${all.join('; ')}`);
  for (const note of all) session.log(note);
  return { ...pairs, ...vectors };
}
