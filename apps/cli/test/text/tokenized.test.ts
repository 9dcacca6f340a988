// Texts of any size by the tokens of a model: one command from the text to a model that is judged.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { refused } from '../helpers/commands.ts';
import { scratch } from '../helpers/scratch.ts';
import { writeTinyFolder } from '../helpers/tiny-language-model.ts';

const at = scratch('file');
let tokenizer = '';
const few = ['--trials', '1', '--context', '16', '--seed', '3', '--device', 'cpu', '--json', '--quiet'];

beforeAll(async () => {
  tokenizer = await writeTinyFolder(at('tiny'));
  mkdirSync(at('books', 'deep'), { recursive: true });
  const words = ['tree', 'house', 'Füchsin'];
  const sentence = (place: number): string => `The cat sees the ${words[(place * place) % 3]}, able as ever.\n`;
  const book = (from: number): string => Array.from({ length: 150 }, (_, index) => sentence(from + index)).join('');
  writeFileSync(at('books', 'a.txt'), book(0));
  writeFileSync(at('books', 'deep', 'b.md'), book(7));
});

test('a folder of texts becomes a model of tokens, and nothing of its tokens stays', async () => {
  const line = ['run', '--data', at('books'), '--tokenizer', tokenizer, '-o', at('out'), ...few];
  const { code, stdout, stderr } = await espalier(line);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
  const { judged } = JSON.parse(stdout) as {
    readonly judged: readonly { readonly name: string; readonly metrics: Readonly<Record<string, number>> }[];
  };
  expect(judged.map(({ name }) => name).slice(0, 2)).toEqual(['model', 'small']);
  expect(judged[0]?.metrics['perplexity']).toBeLessThan(20);
  expect([existsSync(at('out', 'kept')), existsSync(at('out', 'small', 'config.json'))]).toEqual([false, true]);
});

test('what is of tokens is refused beside texts without a tokenizer, and of data of other kinds', async () => {
  await refused(
    '--context: it is of texts that are streamed',
    'run',
    '--data',
    at('books', 'a.txt'),
    '--context',
    '16',
  );
  writeFileSync(at('x.u16'), Buffer.alloc(64));
  await refused('--tokenizer: it is of text', 'run', '--data', at('x.u16'), '--tokenizer', tokenizer);
  await refused('--tokenizer: it is of text', 'run', '--tokenizer', tokenizer);
});
