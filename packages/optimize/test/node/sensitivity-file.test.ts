import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, FormatError } from '@espalier/nn';
import { describe, expect, test } from 'vitest';
import { sensitivityIn } from '../../src/node/index.ts';
import { copyModel, type MeasuredTable, type SensitivityOptions } from '../../src/index.ts';
import { blobs, perceptron, train, trained, validate } from '../helpers/blobs.ts';

const options = [{ type: 'prune', sparsity: 0.9 }, { type: 'quantize' }] as const;
const fresh = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'espalier-sensitivity-')), 'table.json');

/** The table, and how many measurements it took. */
async function measured(
  file: string,
  model: Parameters<typeof sensitivityIn>[1],
  given: Partial<SensitivityOptions> = {},
): Promise<readonly [MeasuredTable, number]> {
  let count = 0;
  const table = await sensitivityIn(file, model, {
    data: { train, validate },
    options,
    examples: 64,
    onMeasured: () => void count++,
    ...given,
  });
  return [table, count];
}

describe('a file of sensitivities', () => {
  test('is asked before anything is measured, and keeps every measurement at once', async () => {
    const file = await fresh();
    const model = await trained();
    const controller = new AbortController();
    const onMeasured = (table: MeasuredTable): void => {
      if (table.layers[1]?.options.length === 1) controller.abort(new Error('killed'));
    };
    await expect(measured(file, model, { onMeasured, signal: controller.signal })).rejects.toThrow('killed');
    const [table, count] = await measured(file, model);
    expect(count).toBe(2);
    expect(await measured(file, await copyModel(model))).toEqual([table, 0]);
    expect(await measured(file, model, { options: [options[1], { sparsity: 0.9, type: 'prune' }] })).toMatchObject([
      {},
      0,
    ]);
    expect((await measured(file, model, { options: [...options, { type: 'prune', sparsity: 0.5 }] }))[1]).toBe(2);
  });

  test.each<[string, Partial<SensitivityOptions>]>([
    ['other examples', { data: { train, validate: blobs(400, 9) } }],
    ['other examples to calibrate on', { data: { train: blobs(512, 9), validate } }],
    ['more examples', { examples: 65 }],
    ['another measure', { by: 'outputs' }],
    ['another seed', { seed: 1 }],
    ['another loss', { loss: (output) => output.square().mean() }],
    ['times', { latency: { runs: 1, warmUp: 0, warmUpMs: 0 } }],
  ])('does not answer for %s', async (_, other) => {
    const file = await fresh();
    await measured(file, await trained());
    expect((await measured(file, await trained(), other))[1]).toBe(6);
    expect((await measured(file, await trained()))[1]).toBe(0);
  });

  test('does not answer for another model, and holds both', async () => {
    const file = await fresh();
    await measured(file, await trained());
    const other = build(perceptron(32), { seed: 1 });
    expect((await measured(file, other, { loss: 'cross-entropy' }))[1]).toBe(6);
    expect((await measured(file, await trained()))[1]).toBe(0);
  });

  test.each([
    '{}',
    'no json',
    'null',
    '{"format":"other","tables":{}}',
    '{"format":"espalier sensitivity 1","tables":{"a":{"by":"loss","layers":[{"name":"w","options":[{}],"refused":[]}]}}}',
  ])('that is none is left alone: %s', async (text) => {
    const file = await fresh();
    await writeFile(file, text);
    await expect(measured(file, await trained())).rejects.toThrow(FormatError);
    expect(await readFile(file, 'utf8')).toBe(text);
  });
});
