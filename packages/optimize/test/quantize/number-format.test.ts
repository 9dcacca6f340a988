import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Module } from '@espalier/nn';
import { rand } from '@espalier/tensor';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  dequantizeTensor,
  materialize,
  measureCost,
  numberFormat,
  numberFormats,
  packWeights,
  parseRecipe,
  quantizationOf,
  quantizeTensor,
  recipeJson,
  registerNumberFormat,
  runRecipe,
  setMask,
  setQuantization,
  unpackWeights,
  type NumberFormat,
} from '../../src/index.ts';
import { packCodes, packedBytes, unpackCodes } from '../../src/layout/packed-codes.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { encodeValues } from '../../src/quantize/codes.ts';
import { scaleOf } from '../../src/quantize/number-format.ts';

/** One of each width, with the codes that it is best known with. */
const formats: readonly NumberFormat[] = Array.from({ length: 7 }, (_, index) => {
  const bits = index + 2;
  return { name: `test-${bits}`, bits, minimum: -(2 ** (bits - 1)) + 1, maximum: 2 ** (bits - 1) - 1 };
});
const uneven: NumberFormat = { name: 'test-uneven', bits: 3, minimum: -4, maximum: 2 };
for (const format of [...formats, uneven]) registerNumberFormat(format);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-number-format-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

const weightOf = (model: Module): ReturnType<Module['parameters']>[number] => {
  const [weight] = model.parameters();
  if (!weight) throw new Error('the model has no weight');
  return weight;
};

test('codes come back from as many bits as they have', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 8 }).chain((bits) => {
        const code = fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
        return fc.tuple(fc.constant(bits), fc.array(code, { maxLength: 70 }));
      }),
      ([bits, all]) => {
        const packed = packCodes(Int8Array.from(all), bits);
        expect(packed).toHaveLength(packedBytes(all.length, bits));
        expect([...unpackCodes(packed, all.length, bits)]).toEqual(all);
      },
    ),
  );
});

test.each(formats)('a weight in $name is no further from what it was than half a step', async ({ name, maximum }) => {
  const weight = rand([5, 13]).mul(2).sub(1).realizeSync();
  const quantized = await quantizeTensor(weight, { format: name });
  const moved = await weight.sub(dequantizeTensor(quantized)).abs().max(1).data();
  const largest = await weight.abs().max(1).data();
  for (const [row, distance] of moved.entries())
    expect(distance).toBeLessThanOrEqual((Number(largest[row]) / maximum / 2) * (1 + 2 ** -16));
});

test('a format whose ends lie differently far from 0 covers each side of a range with the one of that side', () => {
  const range = { minimum: -8, maximum: 6 };
  const scale = scaleOf(range, uneven);
  expect(scale).toBe(3);
  expect([...encodeValues(Float32Array.of(-8, 6, 0), Float32Array.of(scale), uneven)]).toEqual([-3, 2, 0]);
});

describe.each(formats)('files of $name', ({ name, bits }) => {
  test.each([
    ['dense', 0],
    ['bitmask', 0.5],
    ['csr', 0.97],
  ] as const)(
    'take its bits a weight, in the layout %s, and hold what the model computed with',
    async (layout, gone) => {
      const given = build({ type: 'linear', in: 200, out: 40 }, { seed: bits });
      const mask = (await rand([8000]).ge(gone).data()) as Uint8Array;
      if (gone > 0) setMask(weightOf(given), mask);
      const steps = parseRecipe([{ type: 'quantize', weights: name }]);
      expect(recipeJson(steps)).toEqual([{ type: 'quantize', weights: name }]);
      const { model } = await runRecipe(given, steps);
      const stored = await materialize(weightOf(model));
      // Of fewer bits, another layout may be the smallest.
      if (bits === 8) expect(stored.layout).toBe(layout);
      const values = stored.arrays.get(stored.layout === 'dense' ? '' : '_values');
      const kept = gone > 0 ? mask.reduce((sum, each) => sum + each, 0) : stored.nonZeros;
      const count = stored.layout === 'dense' ? 8000 : kept;
      expect(values?.bytes).toHaveLength(Math.ceil((count * bits) / 8));
      await saveOptimized(join(folder, layout), model);
      const { model: loaded } = await loadOptimized(join(folder, layout));
      expect(await weightOf(loaded).value.data()).toEqual(await weightOf(model).value.data());
      expect((await materialize(weightOf(loaded))).arrays).toEqual(stored.arrays);
      const [cost] = (await measureCost(loaded, { inputShape: [200], latency: false })).perParameter;
      expect(cost).toMatchObject({ format: name, bytes: stored.bytes });
      // It goes on being what it was when it is trained on.
      expect(quantizationOf(weightOf(loaded))?.format).toBe(name);
    },
  );
});

describe('is refused by name', () => {
  test.each<[string, unknown, string]>([
    ['one that is none', { name: 'x' }, 'a number format: { name, bits, minimum, maximum }'],
    ['one of nine bits', { name: 'x', bits: 9, minimum: -1, maximum: 1 }, 'with 2 to 8 bits'],
    ['one without a code below 0', { name: 'x', bits: 8, minimum: 0, maximum: 127 }, 'a whole minimum below 0'],
    [
      'codes that need more bits',
      { name: 'x', bits: 3, minimum: -4, maximum: 4 },
      '3 bits hold the codes from -4 to 3',
    ],
    ['what is not rounded', { name: 'float32', bits: 8, minimum: -1, maximum: 1 }, 'weights that are not rounded'],
    ['a name that is taken', { name: 'int8', bits: 4, minimum: -7, maximum: 7 }, "of the name 'int8'"],
  ])('%s', (_, format, message) => {
    expect(() => registerNumberFormat(format as NumberFormat)).toThrow(message);
    expect(numberFormats).not.toContain('x');
  });

  test('one that nobody registered, wherever it is named', async () => {
    const weight = weightOf(build({ type: 'linear', in: 2, out: 2 }));
    for (const name of ['int7', '__proto__', 'float32']) {
      expect(() => parseRecipe([{ type: 'quantize', weights: name }])).toThrow(
        /must be one of int8, int4, int3, int2, test-2/u,
      );
      expect(() => setQuantization(weight, name, Float32Array.of(1))).toThrow(/one of int8, int4, int3, int2, test-2/u);
      expect(() => numberFormat(name)).toThrow(/known are int8, int4, int3, int2, test-2/u);
      await expect(quantizeTensor(rand([2, 2]), { format: name })).rejects.toThrow(
        /one of 'int8', 'int4', 'int3', 'int2', 'test-2'/u,
      );
    }
  });
});

describe('a file', () => {
  const saved = async (): Promise<[Module, Awaited<ReturnType<typeof packWeights>>]> => {
    const given = build({ type: 'linear', in: 5, out: 3 }, { seed: 1 });
    const { model } = await runRecipe(given, parseRecipe([{ type: 'quantize', weights: 'test-4' }]));
    return [build(given.config()), await packWeights(model)];
  };

  test('that names a format which is not registered here says so', async () => {
    const given = build({ type: 'linear', in: 5, out: 3 });
    const { model } = await runRecipe(given, parseRecipe([{ type: 'quantize', weights: 'test-4' }]));
    const place = join(folder, 'unknown');
    await saveOptimized(place, model);
    const config = join(place, 'config.json');
    await writeFile(config, (await readFile(config, 'utf8')).replace('"test-4"', '"int5"'));
    await expect(loadOptimized(place)).rejects.toThrow(
      /config\.json.*the number format "int5" of weight is not known; there are float32, codebook, int8, .*registerNumberFormat/su,
    );
  });

  test('with too few bytes, or a code that its format does not have, names the array', async () => {
    const [model, { tensors, descriptions }] = await saved();
    const packed = tensors.get('weight');
    if (!packed) throw new Error('the file has no weight');
    expect(packed.bytes).toHaveLength(8);
    const short = { ...packed, shape: [7], bytes: packed.bytes.subarray(1) };
    expect(() => unpackWeights('f', model, { tensors: new Map(tensors).set('weight', short), descriptions })).toThrow(
      /weight.*has 7 bytes; 15 codes of 4 bits take 8/u,
    );
    // -8 is none of the codes from -7 to 7.
    const beyond = { ...packed, bytes: Uint8Array.from(packed.bytes).fill(0x88, 0, 1) };
    expect(() => unpackWeights('f', model, { tensors: new Map(tensors).set('weight', beyond), descriptions })).toThrow(
      /weight.*holds the code -8; test-4 has those from -7 to 7/u,
    );
  });
});
