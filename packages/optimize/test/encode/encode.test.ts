/** The pass that stores weights in a format, and the files of such models. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, FormatError, type Parameter } from '@espalier/nn';
import { createReferenceDevice, type EncodedSettings, type MatrixFormat, type Tensor } from '@espalier/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  copyModel,
  encode,
  finetune,
  formatNames,
  maskOf,
  measureCost,
  parseRecipe,
  prune,
  quantize,
  recipeJson,
  registerFormat,
  runRecipe,
} from '../../src/index.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { accuracyOf, expectSameLogits, features, logitsOf, train, trained } from '../helpers/blobs.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-encode-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const weightOf = (model: { namedParameters: () => Map<string, Parameter> }): Parameter =>
  model.namedParameters().get('0.weight') as Parameter;

describe.each(formatNames())('%s', (format) => {
  test('comes back from a file in its format, with the same values', async () => {
    const { model, records } = await runRecipe(await trained(), [encode({ format })]);
    expect(weightOf(model).stored?.matrix.format.name).toBe(format);
    expect(Object.keys(records[0]?.details as object)).toEqual(['0.weight', '2.weight']);
    const folder = join(root, format);
    await saveOptimized(folder, model);
    const { model: loaded } = await loadOptimized(folder);
    expect(await weightOf(loaded).value.data()).toEqual(await weightOf(model).value.data());
    expectSameLogits(await logitsOf(loaded), await logitsOf(model));
    expect(await accuracyOf(loaded)).toBeGreaterThan(0.9 * (await accuracyOf(await trained())));
    await saveOptimized(`${folder} again`, loaded);
    const values = (of: string): Promise<Buffer> => readFile(join(of, 'model.safetensors'));
    expect(await values(`${folder} again`)).toEqual(await values(folder));
    const reference = createReferenceDevice(`encode ${format}`);
    const { model: there } = await loadOptimized(folder, { device: reference });
    expect(weightOf(there).stored?.matrix.format.name).toBe(format);
  });

  test('costs what its arrays take', async () => {
    const { model } = await runRecipe(await trained(), [encode({ format })]);
    const { perParameter } = await measureCost(model, { inputShape: [features], latency: false });
    expect(perParameter[0]).toMatchObject({ layout: 'encoded', format, bytes: weightOf(model).stored?.matrix.bytes });
  });
});

test.each(formatNames())('%s keeps what was pruned at 0', async (format) => {
  const { model: pruned } = await runRecipe(await trained(), [prune({ sparsity: 0.5 })]);
  const { model } = await runRecipe(pruned, [encode({ format })]);
  const [kept, values] = [await maskOf(weightOf(pruned))?.kept(), await weightOf(model).value.data()];
  for (const [place, keeps] of (kept as Uint8Array).entries())
    if (keeps === 0) expect(Math.abs(values[place] as number)).toBe(0);
});

test('is a step of a recipe in JSON', () => {
  const json = [{ type: 'encode', format: 'int4', options: { group: 16 }, exclude: ['2.*'] }];
  expect(recipeJson(parseRecipe(json))).toEqual(json);
});

test.each([
  ['an unknown format', { format: 'int3' }, /format is "int3"; it must be one of bitmask, blocks/],
  ['no format', {}, /format is undefined/],
  ['options that are none', { format: 'int4', options: 4 }, /options is 4; it must be an object/],
  ['a misspelt option', { format: 'int4', groups: 4 }, /'groups' is no option/],
])('%s is refused', (_, options, message) => {
  expect(() => encode(options as never)).toThrow(message);
});

test('an option that the format has not is refused with the name of the weight', async () => {
  await expect(runRecipe(await trained(), [encode({ format: 'int4', options: { rows: 2 } })])).rejects.toThrow(
    /0\.weight: int4: has no option .rows./,
  );
});

test.each([
  ['training', finetune({ epochs: 1 })],
  ['pruning', prune({ sparsity: 0.5 })],
  ['quantizing', quantize()],
])('%s afterwards, which would make the weights dense, is refused', async (_, pass) => {
  const refusal = /would make weights dense again that were stored in a format; encode last/;
  await expect(runRecipe(await trained(), [encode({ format: 'int4' }), pass], { data: { train } })).rejects.toThrow(
    refusal,
  );
  const { model } = await runRecipe(await trained(), [encode({ format: 'int4' })]);
  await expect(runRecipe(model, [pass], { data: { train } })).rejects.toThrow(refusal);
});

test('a copy holds its weights in the format', async () => {
  const { model } = await runRecipe(await trained(), [encode({ format: 'int4' })]);
  const copy = await copyModel(model);
  expect(weightOf(copy).stored?.matrix.format.name).toBe('int4');
  expect(await logitsOf(copy)).toEqual(await logitsOf(model));
});

/** Signs, and one magnitude for the matrix. */
const signs: MatrixFormat = {
  name: 'signs',
  arrays: () => ['signs', 'magnitude'],
  options: {},
  encode: (values) => ({
    settings: {},
    arrays: {
      signs: { dtype: 'i8', shape: [values.length], data: Int8Array.from(values, Math.sign) },
      magnitude: {
        dtype: 'f32',
        shape: [1],
        data: Float32Array.of(values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length),
      },
    },
  }),
  flaw: ({ arrays }, [rows, columns]) =>
    arrays['signs']?.data.length === rows * columns ? undefined : 'there is not a sign for each element',
  expand: (arrays, _settings: EncodedSettings, shape) =>
    (arrays['signs'] as Tensor)
      .cast('f32')
      .mul(arrays['magnitude'] as Tensor)
      .reshape(shape),
};

test('a format of somebody else is named in recipes and files once it is registered', async () => {
  expect(() => parseRecipe([{ type: 'encode', format: 'signs' }])).toThrow(/it must be one of/);
  registerFormat(signs);
  registerFormat(signs);
  expect(() => registerFormat({ ...signs })).toThrow(ConfigError);
  const { model } = await runRecipe(
    await trained(),
    parseRecipe([{ type: 'encode', format: 'signs', include: ['0.weight'] }]),
  );
  const folder = join(root, 'signs of somebody');
  await saveOptimized(folder, model);
  const { model: loaded } = await loadOptimized(folder);
  expect(await weightOf(loaded).value.data()).toEqual(await weightOf(model).value.data());
  // No device computes from it: products take a dense copy, which is no more to save.
  expect(weightOf(loaded).factorFor({ rows: 2 })).not.toHaveProperty('format');
  const again = join(root, 'signs once more');
  await saveOptimized(again, loaded);
  for (const name of ['config.json', 'model.safetensors'])
    expect(await readFile(join(again, name))).toEqual(await readFile(join(folder, name)));
});

test('what a file says of a format is checked', async () => {
  const { model } = await runRecipe(await trained(), [encode({ format: 'int4' })]);
  const folder = join(root, 'damaged');
  const damage = async (from: string, to: string): Promise<unknown> => {
    await saveOptimized(folder, model);
    const path = join(folder, 'config.json');
    const text = await readFile(path, 'utf8');
    expect(text).toContain(from);
    await writeFile(path, text.replace(from, to));
    return loadOptimized(folder).catch((error: unknown) => error);
  };
  for (const [from, to] of [
    ['"int4"', '"int5"'],
    ['"int4"', '4'],
    ['"int4"', '"int8"'],
    ['"group": 32', '"group": 0'],
    ['"group": 32', '"group": null'],
  ] as const)
    expect(await damage(from, to)).toBeInstanceOf(FormatError);
});
