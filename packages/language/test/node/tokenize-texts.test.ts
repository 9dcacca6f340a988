/** Texts as files of tokens: whole, in parts, and behind an interruption. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenizer } from '@espalier/language';
import { openTokenizerAt, tokenizeTexts, typeOfTokens } from '@espalier/language/node';
import { FormatError } from '@espalier/nn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytePairJson } from '../helpers/tiny-vocabulary.ts';

const json = bytePairJson(['t h', 'th e', 'Ġ t'], ['<|end|>']);
const tokenizer = { ...createTokenizer(json), specials: { ends: [259] } };
let folder = '';
const at = (name: string): string => join(folder, name);
const tokensIn = (name: string): number[] => [...new Uint16Array(new Uint8Array(readFileSync(at(name))).buffer)];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-tokens-'));
  writeFileSync(at('a.txt'), '\uFEFFThe past,\n\nthe théâtre.\n'.repeat(40));
  writeFileSync(at('b.txt'), `${'é'.repeat(300)}\n the end`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('texts follow each other, with what ends them behind', async () => {
  const seen: number[] = [];
  const told = await tokenizeTexts([at('a.txt'), at('b.txt')], at('whole.u16'), tokenizer, {
    partBytes: 100,
    onProgress: (done) => seen.push(done),
  });
  const ids = tokensIn('whole.u16');
  const end = ids.indexOf(259);
  expect(told).toEqual({ tokens: ids.length, textBytes: seen.at(-1), type: 'u16' });
  // The mark of the byte order is left out of the beginning, and of no other place.
  expect(tokenizer.decode(ids.slice(0, end))).toBe(readFileSync(at('a.txt'), 'utf8').slice(1));
  expect(tokenizer.decode(ids.slice(end + 1, -1))).toBe(readFileSync(at('b.txt'), 'utf8'));
  expect(ids.at(-1)).toBe(259);
  const text = readFileSync(at('a.txt'), 'utf8').slice(1);
  expect(ids.slice(0, end)).toEqual([...tokenizer.encode(text, { frame: false })]);
});

test('who is interrupted goes on to the same bytes, and other texts begin anew', async () => {
  let parts = 0;
  const stopped = tokenizeTexts([at('a.txt'), at('b.txt')], at('part.u16'), tokenizer, {
    partBytes: 100,
    onProgress: () => {
      if (++parts === 5) throw new Error('stopped');
    },
  });
  await expect(stopped).rejects.toThrow('stopped');
  expect(existsSync(at('part.u16.progress'))).toBe(true);
  // What was written and not remembered is written again.
  appendFileSync(at('part.u16'), 'odd');
  let first = 0;
  const again = { partBytes: 100, onProgress: (done: number) => void (first ||= done) };
  await tokenizeTexts([at('a.txt'), at('b.txt')], at('part.u16'), tokenizer, again);
  expect(first).toBeGreaterThan(500);
  expect(tokensIn('part.u16')).toEqual(tokensIn('whole.u16'));
  await tokenizeTexts([at('b.txt')], at('part.u16'), tokenizer, { partBytes: 100 });
  expect(tokensIn('part.u16').length).toBeLessThan(650);
  writeFileSync(at('part.u16.progress'), '{"of');
  await tokenizeTexts([at('b.txt')], at('part.u16'), tokenizer, { partBytes: 100 });
  expect(tokenizer.decode(tokensIn('part.u16').slice(0, -1))).toBe(readFileSync(at('b.txt'), 'utf8'));
});

test('what is no text is refused with its place, and nothing at all', async () => {
  writeFileSync(at('odd.txt'), Buffer.concat([Buffer.from('fine\n'.repeat(60)), Buffer.of(0xff, 0xfe)]));
  await expect(tokenizeTexts([at('odd.txt')], at('odd.u16'), tokenizer, { partBytes: 100 })).rejects.toThrow(
    FormatError,
  );
  writeFileSync(at('empty.txt'), '');
  await expect(tokenizeTexts([at('empty.txt')], at('odd.u16'), tokenizer)).rejects.toThrow('no text');
});

test('a tokenizer is opened by its file', async () => {
  writeFileSync(at('tokenizer.json'), JSON.stringify(json));
  const opened = await openTokenizerAt(at('tokenizer.json'));
  expect([opened.size, typeOfTokens(opened), typeOfTokens({ ...opened, size: 2 ** 16 + 1 })]).toEqual([
    260,
    'u16',
    'u32',
  ]);
  writeFileSync(at('odd.json'), '{');
  await expect(openTokenizerAt(at('odd.json'))).rejects.toThrow(FormatError);
  await expect(openTokenizerAt(at('nothing.gguf'))).rejects.toThrow(FormatError);
});
