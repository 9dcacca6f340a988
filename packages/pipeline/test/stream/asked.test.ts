// What models of streams are judged beside, and what those of tokens say of more tokens.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, crossEntropy } from '@espalier/nn';
import { cpu, tensor } from '@espalier/tensor';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { judgeTokensOn, predictTokens } from '../../src/node/stream/judge-tokens.ts';
import { openStreamedTable, type StreamedTableUse } from '../../src/node/stream/open-stream.ts';
import { streamBaselines } from '../../src/node/stream/stream-baselines.ts';
import { countsOf } from '../../src/node/stream/target-counts.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-asked-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const rows = 3000;

async function streamed(target: string): Promise<StreamedTableUse> {
  const file = join(folder, 'table.csv');
  const lines = Array.from({ length: rows }, (_, row) => {
    const [a, b] = [Math.sin(row), ((row * 7919) % 1000) / 1000];
    return `${a},${b},${a + 0.3 * b > 0.7 ? 'yes' : 'no'},${2 * a - b}\n`;
  });
  await writeFile(file, `a,b,class,price\n${lines.join('')}`);
  const columns = { [target === 'class' ? 'price' : 'class']: 'ignore' } as const;
  return { file, target, seed: 7, columns, memory: 1000 * 2 ** 20, kept: join(folder, target), thread: false };
}

describe('a streamed table', () => {
  test('of classes is judged beside the shares of all training rows, and a linear model', async () => {
    const opened = await openStreamedTable(await streamed('class'), cpu());
    const counts = countsOf(opened.target, opened.counts) ?? [];
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(opened.train.size);
    const [majority, linear] = await streamBaselines(opened);
    const { targets } = opened.held.judge;
    const shares = counts.map((count) => count / opened.train.size);
    expect(majority?.metrics['accuracy']).toBeCloseTo(
      targets.filter((index) => index === 0).length / targets.length,
      9,
    );
    const losses = Array.from(targets, (index) => -Math.log(shares[index] ?? NaN));
    expect(majority?.metrics['logLoss']).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / losses.length, 9);
    expect(linear?.metrics['accuracy']).toBeGreaterThan(0.85);
    await opened.close();
  });

  test('of numbers beside their mean, and a linear model that tells what is linear', async () => {
    const opened = await openStreamedTable(await streamed('price'), cpu());
    const [mean, linear] = await streamBaselines(opened);
    expect(mean?.name).toBe('mean');
    expect(Math.abs(mean?.metrics['r2'] ?? NaN)).toBeLessThan(0.02);
    expect(linear?.metrics['r2']).toBeGreaterThan(0.999);
    await opened.close();
  });
});

describe('a model of tokens', () => {
  const preparation = { source: 'tokens', context: 4, vocabulary: 6 } as const;
  const model = build({ type: 'embedding', count: 6, size: 6 }, { seed: 1 }).eval();
  const tokens = Uint16Array.from({ length: 11 }, (_, at) => (at * at) % 6);

  async function question(name: string, values: Uint16Array = tokens) {
    const path = join(folder, name);
    await writeFile(path, new Uint8Array(values.buffer));
    return { model, preparation, from: 'model', path, device: cpu() };
  }

  test('is judged by each token of a file, and says its loss', async () => {
    const asked = await question('more.u16');
    const { metrics } = await (await judgeTokensOn(asked)).judge(model);
    const [x, y] = [tokens.slice(0, -1), tokens.slice(1)].map((each) => tensor([...each], { dtype: 'i32' }));
    const loss = crossEntropy(model.call(x as NonNullable<typeof x>), y as NonNullable<typeof y>).itemSync();
    expect(metrics['loss']).toBeCloseTo(loss, 5);
    expect(metrics['perplexity']).toBeCloseTo(Math.exp(loss), 4);
    const [, count, said] = await predictTokens(asked);
    expect([count?.values[0], said?.values[0]]).toEqual([11, metrics['loss']]);
  });

  test('refuses what is none of its tokens, with what to give', async () => {
    await expect(judgeTokensOn(await question('more.bin'))).rejects.toThrow(/name it \.u8, \.u16 or \.u32/);
    await expect(judgeTokensOn(await question('odd.u16', Uint16Array.of(1, 2, 6)))).rejects.toThrow(/token 2 is 6, and the model knows those below 6/); // prettier-ignore
    await expect(judgeTokensOn(await question('one.u16', Uint16Array.of(1)))).rejects.toThrow(/from 2 to/);
    const damaged = { ...(await question('more.u16')), preparation: { source: 'tokens', context: 0 } };
    await expect(judgeTokensOn(damaged)).rejects.toThrow(/its preparation is damaged/);
  });
});
