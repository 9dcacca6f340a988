import { AttentionCache, build, type Module, type SelfAttention } from '@espalier/nn';
import { Generator, randn } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { copyModel, parseRecipe, quantizeCache, recipeJson, runRecipe } from '../../src/index.ts';

const attention = { type: 'self-attention', width: 64, heads: 2, causal: true };

const model = (): Module =>
  build(
    {
      type: 'sequential',
      layers: [attention, { type: 'residual', body: attention }, { type: 'linear', in: 64, out: 3 }],
    },
    { seed: 1 },
  );

const numbersOf = (of: Module): unknown[] =>
  [...of.namedModules().values()]
    .filter(({ type }) => type === attention.type)
    .map((each) => (each as SelfAttention).options.cache);

describe('quantizeCache', () => {
  test('makes caches of the model smaller, and says by how much', async () => {
    const dense = model();
    const { model: small, records } = await runRecipe(dense, [quantizeCache()]);
    expect([numbersOf(dense), numbersOf(small)]).toEqual([
      ['f32', 'f32'],
      ['int8', 'int8'],
    ]);
    // Two heads of 32, keys and values: a byte for each, and a range of 8.
    expect(records[0]?.details).toEqual({
      '0': { bytesPerPosition: 160, bytesBefore: 512 },
      '1.body': { bytesPerPosition: 160, bytesBefore: 512 },
    });
    const bytes = (of: Module): number => new AttentionCache(of, { capacity: 10 }).bytes;
    expect([bytes(dense), bytes(small)]).toEqual([10 * 1024, 10 * 320]);
  });

  test('shows what it costs wherever the model is called', async () => {
    const dense = model();
    const x = randn([2, 9, 64], { generator: new Generator(2) });
    const off = async (numbers: 'int8' | 'int4'): Promise<number> => {
      const { model: small } = await runRecipe(dense, [quantizeCache({ numbers })]);
      return (await copyModel(small)).call(x).sub(dense.call(x)).abs().max().item();
    };
    const [int8, int4] = [await off('int8'), await off('int4')];
    expect(int8).toBeGreaterThan(0);
    expect(int4).toBeGreaterThan(4 * int8);
  });

  test('takes the layers that it is told', async () => {
    const { model: small } = await runRecipe(model(), [quantizeCache({ numbers: 'int4', exclude: ['0'] })]);
    expect(numbersOf(small)).toEqual(['f32', 'int4']);
    await expect(runRecipe(model(), [quantizeCache({ include: ['7'] })])).rejects.toThrow(/'7' matches no layer/);
    await expect(runRecipe(model(), [quantizeCache({ include: ['2'] })])).rejects.toThrow(
      /no layer is left that keeps keys and values; there are 0, 1.body/,
    );
    const plain = build({ type: 'linear', in: 2, out: 2 });
    await expect(runRecipe(plain, [quantizeCache()])).rejects.toThrow(/the model has none/);
  });

  test('leaves alone what attends to later positions, which no cache serves, and names heads that cannot be packed', async () => {
    const layers = (...options: object[]): Module =>
      build({ type: 'sequential', layers: options.map((each) => ({ ...attention, ...each })) }, { seed: 1 });
    const { model: mixed } = await runRecipe(layers({ causal: false }, {}), [quantizeCache()]);
    expect(numbersOf(mixed)).toEqual(['f32', 'int8']);
    await expect(runRecipe(layers({ causal: false }), [quantizeCache()])).rejects.toThrow(/the model has none/);
    const odd = layers({}, { heads: 1, headWidth: 3 });
    await expect(runRecipe(odd, [quantizeCache({ numbers: 'int4' })])).rejects.toThrow(
      /layer '1'.*3 wide.*exclude the layer/,
    );
  });

  test('has a form in JSON, and says what it does not know', () => {
    const json = [{ type: 'quantize-cache', numbers: 'int4' }];
    expect(recipeJson(parseRecipe(json))).toEqual(json);
    expect(() => quantizeCache({ numbers: 'int2' as never })).toThrow(/numbers is "int2"/);
  });
});
