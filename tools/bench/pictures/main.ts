/**
 * Fashion-MNIST as IDX files and as a folder of PNG files: the same bytes of data, and by one command each the same model, to the byte.
 * `npm run bench:pictures -- --count 2000` takes as many pictures, instead of all 70,000, and
 * `--data-only` compares nothing else; after `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openGallery, surveyPictures } from '@espalier/data/node';
import { writeFashion } from './fashion-files.ts';

const { values: given } = parseArgs({
  options: {
    count: { type: 'string', default: '70000' },
    trials: { type: 'string', default: '2' },
    seed: { type: 'string', default: '7' },
    'data-only': { type: 'boolean', default: false },
    folder: { type: 'string' },
  },
});
const folder = given.folder ?? join(tmpdir(), `espalier-fashion-${given.count}`);
const main = fileURLToPath(new URL('../../../apps/cli/dist/joined/main.js', import.meta.url));
const at = (...parts: string[]): string => join(folder, ...parts);

interface Judged {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly weightBytes?: number;
}

/** What one command makes of a folder. */
function run(form: string): readonly Judged[] {
  const out = at(`out-${form}`);
  rmSync(out, { recursive: true, force: true });
  const line = ['run', '--data', at(form), '-o', out, '--device', 'cpu', '--json', '--seed', given.seed, '--overwrite'];
  const { status, stdout } = spawnSync(process.execPath, [main, ...line, '--trials', given.trials], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`espalier run --data ${at(form)} ended with ${status}`);
  return (JSON.parse(stdout) as { readonly judged: readonly Judged[] }).judged;
}

/** Whether all files of a model are the same. */
const areSame = (model: string): boolean =>
  ['model.safetensors', 'config.json'].every((file) =>
    readFileSync(at('out-idx', model, file)).equals(readFileSync(at('out-png', model, file))),
  );

mkdirSync(folder, { recursive: true });
await writeFashion(folder, Number(given.count));
/** What is read of a folder: how it is parted and prepared, and a digest of every pixel and class. */
async function told(
  form: string,
): Promise<{ readonly train: number; readonly test: number; readonly [what: string]: unknown }> {
  const gallery = await openGallery(at(form));
  const { train, test, mean, std, size, classes } = await surveyPictures(gallery, { seed: 7 });
  const hash = createHash('sha256');
  for (const { label, part, decode } of gallery.pictures)
    hash.update(`${part} ${label} `).update(await decode({ channels: 1, height: size, width: size, fit: 'crop' }));
  return { train: train.length, test: test.length, mean, std, size, classes, digest: hash.digest('hex') };
}

const [idx, png] = [await told('idx'), await told('png')];
const sameData = JSON.stringify(idx) === JSON.stringify(png);
console.log(
  `data: ${idx.train} to learn from, ${idx.test} to judge by; ${sameData ? 'the same' : 'NOT THE SAME'} as IDX and as PNG`,
);
let isSame = sameData;
if (!given['data-only']) {
  const judged = [run('idx'), run('png')];
  for (const [index, form] of ['idx', 'png'].entries())
    for (const { name, metrics, weightBytes } of judged[index] ?? [])
      console.log(`${form} ${name.padEnd(9)} accuracy ${metrics['accuracy']?.toFixed(4)} ${weightBytes ?? ''}`);
  const same = ['model', 'small'].filter(areSame);
  console.log(`the same to the byte: ${same.join(', ') || 'none'}`);
  isSame &&= same.length === 2;
}
if (!isSame) process.exitCode = 1;
