// A file of tokens that is streamed: its end is held, and what is learnt from has none of it.
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTokens, tokensPipeline, type TokensUse } from '@espalier/pipeline/node';
import { cpu } from '@espalier/tensor';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const count = 5001;
const tokens = Uint16Array.from({ length: count }, (_, at) => at);

let folder = '';
let use: TokensUse;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-tokens-'));
  const file = join(folder, 'corpus.u16');
  await writeFile(file, new Uint8Array(tokens.buffer));
  use = { file, seed: 3, context: 10, memory: 1000 * 2 ** 20, kept: join(folder, 'kept') };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a file of tokens', () => {
  test('is parted at its end, each sequence once', async () => {
    const { train, sample, validate, test: judged, vocabulary, close } = await openTokens(use, cpu());
    expect(vocabulary).toBe(count);
    expect([validate[0], validate.length, judged[0], judged.at(-1)]).toEqual([4500, 251, 4750, 5000]);
    const firsts: number[] = [];
    for (let index = 0; index < train.size; index++) {
      const { x, y } = await train.batch([index]);
      const [own, next] = [[...(await x.data())], [...(await y.data())]];
      expect(next).toEqual(own.map((token) => token + 1));
      firsts.push(own[0] ?? -1);
    }
    expect(firsts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 450 }, (_, index) => 10 * index));
    expect(firsts).not.toEqual(firsts.toSorted((a, b) => a - b));
    const { x } = await sample.batch([0, 1]);
    expect((await x.data()).every((token) => token < 4500)).toBe(true);
    await close();
  });

  test('makes a pipeline, and is refused where it cannot', async () => {
    const pipeline = await tokensPipeline({ ...use, trials: 1 });
    expect(pipeline).toMatchObject({ name: 'corpus', task: 'next-token', data: { validation: 25 } });
    await expect(openTokens({ ...use, context: 300 }, cpu())).rejects.toThrow(
      /5001 tokens: give whole ones, and at least 6001/,
    );
    await expect(openTokens({ ...use, memory: 2 ** 20 }, cpu())).rejects.toThrow(/give at least --memory \d+MiB/);
    await appendFile(use.file, 'x');
    await expect(openTokens(use, cpu())).rejects.toThrow(/give whole ones/);
    await expect(openTokens({ ...use, file: join(folder, 'corpus.bin') }, cpu())).rejects.toThrow(/name it \.u8/);
  });
});
