// A device that multiplies wrongly is found out as a model is opened, and told of: blocks become f32, or the model is on the cpu.
import { build, type Module } from '@espalier/nn';
import { configure, cpu, DeviceError, type Device, type KernelSpec } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { afterEach, describe, expect, test } from 'vitest';
import {
  blockTypes,
  bytesOf,
  encodeBlocks,
  memorySink,
  openLanguageModel,
  openTensors,
  registerFamilies,
  writeModelGguf,
  type TensorSource,
} from '../../src/index.ts';
import { productDifference } from '../../src/tensors/product-difference.ts';
import { soundPlace } from '../../src/families/files/sound-place.ts';
import { lyingDevice } from '../helpers/lying-device.ts';
import { outputOf } from '../helpers/opened.ts';

const model = { type: 'llama', vocabulary: 32, width: 32, layers: 1, heads: 2, keyValueHeads: 2, hidden: 64, context: 16, tied: true }; // prettier-ignore
const description = {
  family: 'llama',
  model,
  said: 'llama',
  format: 'gguf',
  metadata: {},
  notes: [],
  unused: [],
} as const;

/** A model whose embedding is in blocks of 8 bits, and whose layers are in such of 4. */
async function fileOf(): Promise<TensorSource> {
  registerFamilies();
  const sink = memorySink();
  const module = build(model, { seed: 3 });
  const typeOf = (name: string): string => (name.includes('embd') ? 'Q8_0' : 'Q4_0');
  const dtypes = (name: string, shape: readonly number[]): string => (shape.length === 2 ? typeOf(name) : 'F32');
  await writeModelGguf(sink, { module, description }, { dtypes });
  return openTensors(bytesOf(sink.bytes(), 'tiny.gguf'));
}

const ids = { ids: [[3, 1, 4, 1, 5]], output: [] };
const coded =
  (bits: number) =>
  (spec: KernelSpec): boolean =>
    spec.kind === 'encoded-matmul' && spec.settings['bits'] === bits;
const larger = (value: number): number => value * 1.01 + 1;
const nothing = (): number => Number.NaN;

const notices: string[] = [];
afterEach(() => {
  notices.length = 0;
  configure({ warn: (notice) => console.warn(notice) });
});

async function openOn(device: Device): Promise<{ readonly module: Module; readonly notes: readonly string[] }> {
  configure({ warn: (notice) => notices.push(notice) });
  const opened = await openLanguageModel(await fileOf(), { device });
  return { module: opened.module, notes: opened.description.notes };
}

const honest = async (): Promise<readonly number[]> => {
  const { module } = await openLanguageModel(await fileOf(), { device: cpu() });
  return [...(await outputOf(module, ids).data())].map(Number);
};

describe('a device that lies', () => {
  test.each([
    ['another number', larger, /differ from sums of the host by 0\.\d+ of their magnitude/u],
    ['no number', nothing, /are no numbers/u],
  ] as const)('about blocks of 4 bits by %s has f32 of them, and of no others', async (_, lie, problem) => {
    const device = lyingDevice(coded(4), lie);
    const { module, notes } = await openOn(device);
    expect(notes).toEqual([expect.stringMatching(problem)]);
    expect(notes[0]).toMatch(/^products with Q4_0 on the cpu:lying device .*: weights of Q4_0 are f32 here$/u);
    expect(notices).toEqual([`openLanguageModel: ${notes[0]}`]);
    const parameters = [...module.namedParameters()];
    expect(parameters.filter(([, { stored }]) => stored).map(([name]) => name)).toEqual(['embedding.weight']);
    expect(parameters.every(([, parameter]) => parameter.device === device)).toBe(true);
  });

  test('about rows that are looked up has f32 of that type', async () => {
    // Those are computed by a loop over arrays of bytes.
    const isLookup = (spec: KernelSpec): boolean =>
      spec.kind === 'loop' && spec.bindings.some(({ dtype }) => dtype === 'u8' || dtype === 'i8');
    const { notes } = await openOn(lyingDevice(isLookup, larger));
    expect(notes).toHaveLength(2);
    for (const type of ['Q4_0', 'Q8_0'])
      expect(notes).toContainEqual(expect.stringMatching(`^products with ${type} on the cpu:lying device differ`));
  });

  test('about f32, too, is left for the cpu', async () => {
    const device = lyingDevice(({ kind }) => kind !== 'custom', larger);
    const { module, notes } = await openOn(device);
    expect(notes).toEqual([
      expect.stringMatching(/^products of f32 on the cpu:lying device .*: the model is on the cpu device$/u),
    ]);
    expect(notices).toHaveLength(1);
    expect(module.parameters().every((parameter) => parameter.device === cpu())).toBe(true);
    await expectClose(outputOf(module, ids), await honest(), { absolute: 0, relative: 0 });
  });

  test('by failing is left like others', async () => {
    const device = lyingDevice(coded(8), () => {
      throw new DeviceError('run', 'the kernel does not compile');
    });
    const { notes } = await openOn(device);
    expect(notes[0]).toMatch(/^products with Q8_0 .* fail: run: the kernel does not compile: weights of Q8_0 are f32/u);
  });

  test('is an error where it is the cpu', async () => {
    const device = cpu();
    const run = device.run.bind(device);
    const file = await fileOf();
    // What it wrote is not what it was asked for: nothing is left to compute with.
    device.run = (calls): void => run(calls.slice(1));
    const asked = { device, weights: 'stored', activations: 'f32' } as const;
    try {
      const place = soundPlace('open', file, file.tensors.keys(), asked);
      await expect(place).rejects.toThrow(DeviceError);
      await expect(place).rejects.toThrow('open: products of f32 on the cpu device');
    } finally {
      device.run = run;
    }
  });
});

test('a device that does what it is asked for is not left, whatever weights are kept in', async () => {
  for (const weights of ['stored', 'f32'] as const)
    for (const activations of ['f32', 'int16-groups', 'int8-groups'] as const) {
      const file = await fileOf();
      const found = await soundPlace('open', file, file.tensors.keys(), { device: cpu(), weights, activations });
      expect(found).toEqual({ device: cpu(), decoded: new Set(), notes: [] });
    }
});

describe.each(blockTypes)('%s', (type) => {
  const [rows, columns] = [9, 512];
  const values = Float32Array.from({ length: rows * columns }, (_, at) => Math.sin(at * 1.7) / (1 + (at % 5)));
  const sourceOf = (bytes: Uint8Array<ArrayBuffer>): TensorSource => ({
    format: 'test',
    name: 'memory',
    tensors: new Map([['x', { dtype: type, shape: [rows, columns], bytes: bytes.length }]]),
    ties: new Map(),
    metadata: {},
    read: async (_, range) => bytes.slice(range?.begin, range?.end),
    close: async () => undefined,
  });

  test('is multiplied as its numbers say; one weight that is another one is seen', async () => {
    const bytes = new Uint8Array(encodeBlocks(type, values));
    for (const activations of ['f32', 'int16-groups', 'int8-groups'] as const) {
      const product = { device: cpu(), weights: 'stored', activations } as const;
      expect(await productDifference(sourceOf(bytes), 'x', product)).toBeLessThan(5e-5);
    }
    const wrong = lyingDevice(
      ({ kind }) => kind === 'encoded-matmul',
      (value) => value + 40,
    );
    const product = { device: wrong, weights: 'stored', activations: 'f32' } as const;
    expect(await productDifference(sourceOf(bytes), 'x', product)).toBeGreaterThan(2 ** -12);
  });
});
