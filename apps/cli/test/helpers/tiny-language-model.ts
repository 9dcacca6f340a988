/** A language model of a few hundred weights as a GGUF file and as a folder of Hugging Face: its tokens are bytes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeModelFolder, writeModelGguf, type OpenedModel } from '@espalier/models';
import { writeFileBy } from '@espalier/models/node';
import { tinyOpened } from '../../../../packages/language/test/helpers/tiny-files.ts';
import { byteTokens } from '../../../../packages/language/test/helpers/tiny-vocabulary.ts';

const template =
  '{% for m in messages %}<|turn|>{{ m.role }}\n{{ m.content }}<|done|>\n{% endfor %}{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}';

/** Bytes, two special tokens, and a pair. */
const tokens = (): readonly string[] => [...byteTokens(), '<|turn|>', '<|done|>', 'ab'];

type Sizes = Readonly<Record<string, number>>;

const tiny = (seed: number, sizes: Sizes = {}): OpenedModel =>
  tinyOpened(
    { vocabulary: 259, width: 16, hidden: 32, context: 256, ...sizes },
    { seed, scale: 0.4, special: { bos: 256, eos: [257] } },
  );

/** Writes a file. */
export async function writeTinyGguf(path: string, seed = 1, chats = true, sizes: Sizes = {}): Promise<string> {
  const metadata = {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'gpt-2',
    'tokenizer.ggml.tokens': tokens(),
    'tokenizer.ggml.token_type': tokens().map((_, id) => (id === 256 || id === 257 ? 3 : 1)),
    'tokenizer.ggml.merges': ['a b'],
    'tokenizer.ggml.bos_token_id': 256,
    'tokenizer.ggml.eos_token_id': 257,
    ...(chats && { 'tokenizer.chat_template': template }),
  };
  await writeFileBy(path, (sink) => writeModelGguf(sink, tiny(seed, sizes), { metadata }));
  return path;
}

/** Writes a folder. */
export async function writeTinyFolder(folder: string, seed = 1, sizes: Sizes = {}): Promise<string> {
  mkdirSync(folder, { recursive: true });
  await writeModelFolder((name, write) => writeFileBy(join(folder, name), write), tiny(seed, sizes));
  const added = tokens().slice(256, 258);
  const json = {
    added_tokens: added.map((content, at) => ({ id: 256 + at, content, special: true })),
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
    model: { type: 'BPE', vocab: Object.fromEntries(tokens().map((token, id) => [token, id])), merges: ['a b'] },
    decoder: { type: 'ByteLevel' },
  };
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(json));
  writeFileSync(
    join(folder, 'tokenizer_config.json'),
    JSON.stringify({ bos_token: '<|turn|>', eos_token: { content: '<|done|>' } }),
  );
  writeFileSync(join(folder, 'chat_template.jinja'), template);
  return folder;
}
