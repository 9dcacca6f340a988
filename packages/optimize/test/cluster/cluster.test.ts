/** Weights that share values: what they show, how they are trained, and what files hold of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOptimizer, optimizerTypes, Parameter, type Module } from '@espalier/nn';
import { fromTyped, gradients, tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  cluster,
  codebookOf,
  copyModel,
  finetune,
  maskOf,
  packWeights,
  parseRecipe,
  prune,
  quantize,
  recipeJson,
  runRecipe,
  setCodebook,
  setMask,
  storedBytes,
  together,
  unpackWeights,
} from '../../src/index.ts';
import { folderBytes, loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { accuracyOf, expectSameLogits, logitsOf, train, trained } from '../helpers/blobs.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-cluster-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const weightOf = (model: Module, name = '0.weight'): Parameter => model.namedParameters().get(name) as Parameter;
const valuesOf = async (parameter: Parameter): Promise<number[]> => [...(await parameter.value.data())].map(Number);
const bytesOf = (values: readonly number[]): number => new Set(values).size;

describe('a codebook', () => {
  test('shows each weight as the first of its code', async () => {
    const parameter = new Parameter(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    );
    setCodebook(parameter, Uint8Array.of(0, 7, 0, 7, 7, 9));
    expect(await valuesOf(parameter)).toEqual([1, 2, 1, 2, 2, 6]);
  });

  test('gives a value the sum of the gradients of all weights that have it, and what was pruned none', async () => {
    const parameter = new Parameter(tensor([1, 2, 3, 4, 5, 6]));
    setMask(parameter, Uint8Array.of(0, 1, 1, 1, 1, 1));
    setCodebook(parameter, Uint8Array.of(0, 1, 2, 1, 2, 1), { zero: true });
    const [gradient] = gradients(parameter.value.mul(tensor([1, 10, 100, 1000, 10_000, 100_000])).sum(), [
      parameter.tensor,
    ]);
    expect([...((await gradient?.data()) ?? [])]).toEqual([0, 101_010, 10_100, 0, 0, 0]);
  });

  test('stays one under any optimizer, however long, and what was pruned stays exactly 0', async () => {
    const codes = Uint8Array.from({ length: 24 }, (_, index) => (index % 5 === 0 ? 0 : 1 + (index % 3)));
    for (const type of optimizerTypes) {
      const parameter = new Parameter(fromTyped(Float32Array.from(codes), [4, 6]));
      setMask(
        parameter,
        codes.map((code) => Number(code > 0)),
      );
      setCodebook(parameter, codes, { zero: true });
      const optimizer = buildOptimizer({ type, lr: 0.05 });
      optimizer.attach(new Map([['weight', parameter]]));
      for (let step = 0; step < 20; step++) {
        const factor = fromTyped(
          Float32Array.from({ length: 24 }, (_, index) => Math.sin(index + step)),
          [4, 6],
        );
        optimizer.step(gradients(parameter.value.mul(factor).sum(), [parameter.tensor]));
      }
      const values = await valuesOf(parameter);
      expect(values.filter((_, index) => codes[index] === 0).every((value) => value === 0)).toBe(true);
      for (const code of [1, 2, 3]) expect(bytesOf(values.filter((_, index) => codes[index] === code))).toBe(1);
    }
  });

  test('needs a code for each weight', () => {
    expect(() => setCodebook(new Parameter(tensor([1, 2])), Uint8Array.of(1))).toThrow(
      /1 codes are given for 2 weights/,
    );
  });
});

describe('cluster', () => {
  test('leaves 2^bits values, one of them the 0 of what was pruned', async () => {
    const plain = await runRecipe(await trained(), [cluster({ bits: 3 })]);
    expect(bytesOf(await valuesOf(weightOf(plain.model)))).toBe(8);
    const pruned = await runRecipe(await trained(), [prune({ sparsity: 0.7 }), cluster({ bits: 3 })]);
    expect(bytesOf(await valuesOf(weightOf(pruned.model)))).toBe(8);
    expect(await maskOf(weightOf(pruned.model))?.kept()).toEqual(
      Uint8Array.from(await valuesOf(weightOf(pruned.model)), (value) => Number(value !== 0)),
    );
  });

  test('trains the values, and no more of them come of it', async () => {
    const steps = (epochs: number) => [
      prune({ sparsity: 0.6 }),
      cluster({ bits: 2, train: { epochs, batchSize: 64, optimizer: { type: 'adam', lr: 0.01 } } }),
    ];
    const before = (await runRecipe(await trained(), [prune({ sparsity: 0.6 }), cluster({ bits: 2 })])).model;
    const { model: after, records } = await runRecipe(await trained(), steps(4), { data: { train } });
    expect(await accuracyOf(after)).toBeGreaterThan(await accuracyOf(before));
    expect(bytesOf(await valuesOf(weightOf(after)))).toBe(4);
    expect(records.at(-1)?.summary).toMatch(/share up to 4 values each for 4 epochs/);
  });

  test('comes back from its file with the same values, masks and bytes, and is trained on', async () => {
    const drawn = fc.record({
      sparsity: fc.constantFrom(0, 0.3, 0.95),
      bits: fc.integer({ min: 1, max: 8 }),
      entropy: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ sparsity, bits, entropy }) => {
        const steps = [...(sparsity > 0 ? [prune({ sparsity, scope: 'local' })] : []), cluster({ bits })];
        const { model: made } = await runRecipe(await trained(), steps);
        const folder = join(root, 'shared');
        await saveOptimized(folder, made, { entropy });
        const { model: back } = await loadOptimized(folder);
        for (const [name, parameter] of made.namedParameters()) {
          expect(await valuesOf(weightOf(back, name))).toEqual(await valuesOf(parameter));
        }
        expectSameLogits(await logitsOf(back), await logitsOf(made));
        expect(await packWeights(back, { entropy })).toEqual(await packWeights(made, { entropy }));
        expect(await packWeights(await copyModel(made), { entropy })).toEqual(await packWeights(made, { entropy }));
        const on = await runRecipe(back, [finetune({ epochs: 1 })], { data: { train } });
        expect(bytesOf(await valuesOf(weightOf(on.model)))).toBeLessThanOrEqual(2 ** bits);
        expect(codebookOf(weightOf(on.model))).toBeDefined();
        expect(await maskOf(weightOf(on.model))?.kept()).toEqual(await maskOf(weightOf(made))?.kept());
      }),
      { numRuns: 12 },
    );
  });

  test('may give each tensor its own number of values, biases too, and leaves others as they are', async () => {
    const model = await trained();
    const bits = { '2.weight': 2, '*.bias': 1 };
    const { model: made, records } = await runRecipe(model, [cluster({ bits, include: ['*'] })]);
    const counts = [...made.namedParameters()].map(
      async ([name, each]) => [name, bytesOf(await valuesOf(each))] as const,
    );
    const { '0.weight': whole, ...shared } = Object.fromEntries(await Promise.all(counts));
    expect(shared).toEqual({ '0.bias': 2, '2.weight': 4, '2.bias': 2 });
    expect(whole).toBe(bytesOf(await valuesOf(weightOf(model))));
    expect(records[0]?.summary).toBe('have the weights of 3 tensors share up to 4 values each');
    await saveOptimized(join(root, 'each'), made, { entropy: true });
    const { model: back } = await loadOptimized(join(root, 'each'));
    for (const [name, parameter] of made.namedParameters())
      expect(await valuesOf(weightOf(back, name))).toEqual(await valuesOf(parameter));
    await expect(runRecipe(model, [cluster({ bits: { 'fc*': 2 } })])).rejects.toThrow(
      /bits has "fc\*", which matches none/,
    );
  });

  test('is refused with what would change which weights share', async () => {
    const model = await trained();
    const options = { data: { train } };
    const both = together(prune({ sparsity: 0.5, schedule: 'cubic' }), cluster());
    await expect(runRecipe(model, [both], options)).rejects.toThrow(
      /prune would drop some of them in the same training/,
    );
    await expect(runRecipe(model, [cluster(), prune({ sparsity: 0.5 })])).rejects.toThrow(/prune after cluster ranks/);
    await expect(runRecipe(model, [quantize(), cluster()])).rejects.toThrow(/would round numbers that were rounded/);
  });

  test('is named by JSON, and refuses what it cannot be', () => {
    const step = cluster({ bits: 5, start: 'linear', train: { epochs: 1 }, exclude: ['head.*'] });
    expect(recipeJson(parseRecipe(recipeJson([step])))).toEqual(recipeJson([step]));
    for (const [options, problem] of [
      [{ bits: 9 }, /bits is 9/],
      [{ bits: { '*': 2.5 } }, /bits is 2\.5/],
      [{ bits: {} }, /bits is \{\}/],
      [{ start: 'best' }, /start is "best"/],
      [{ values: 3 }, /'values' is no option/],
    ] as const)
      expect(() => cluster(options as object)).toThrow(problem);
  });
});

describe('files in entropy codes', () => {
  test('are smaller, load to the same bytes in memory, and are told from damaged ones', async () => {
    const { model: made } = await runRecipe(await trained(), [prune({ sparsity: 0.8 }), cluster({ bits: 4 })]);
    const sizes: number[] = [];
    const memory: number[] = [];
    for (const entropy of [false, true]) {
      const folder = join(root, `coded ${entropy}`);
      sizes.push(await saveOptimized(folder, made, { entropy }));
      memory.push((await loadOptimized(folder)).model.parameters().reduce((sum, { bytes }) => sum + bytes, 0));
    }
    expect(sizes[1]).toBeLessThan(sizes[0] as number);
    expect(memory[1]).toBe(memory[0]);
    expect(await folderBytes(join(root, 'coded true'))).toBe(sizes[1]);
    expect(await storedBytes(made, { entropy: true })).toBeLessThan(await storedBytes(made));
    const packed = await packWeights(made, { entropy: true });
    const stream = packed.tensors.get('0.weight_coded');
    expect(stream).toBeDefined();
    const damaged = Uint8Array.from(stream?.bytes ?? []);
    damaged[10] = (damaged[10] as number) ^ 1;
    const tensors = new Map(packed.tensors).set('0.weight_coded', {
      ...(stream as NonNullable<typeof stream>),
      bytes: damaged,
    });
    const target = await trained().then(copyModel);
    expect(() => unpackWeights('memory', target, { ...packed, tensors })).toThrow(/0\.weight_coded: .*checksum/);
  });
});
