/** Loop kernels on the adapter against the reference: chosen cases, then random ones. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Device } from '../../../src/device/device.ts';
import { dtypes, type ComputeDType, type DType } from '../../../src/dtype/dtype.ts';
import type { Access, LoopInstruction, LoopSpec, ReduceOp } from '../../../src/kernel/spec.ts';
import { disagreement, expectAgreement, integers, numbers, openTestDevice, runOn } from './agreement.ts';
import { contentOf, load, reduce, scalar, softmaxSpec, store } from './specs.ts';

// A first run compiles a kernel per case, which an emulated GPU takes its time over.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let device: Device;
beforeAll(async () => {
  device = await openTestDevice();
});
afterAll(() => device.dispose());

const narrow = ['f16', 'bf16', 'i8', 'u8', 'bool'] as const;

describe('maps', () => {
  test.each([...narrow, 'f32', 'i32', 'u32'] as const)('copies %s of every length around a word', async (dtype) => {
    for (const length of [1, 3, 6, 64, 257]) {
      const spec: LoopSpec = {
        kind: 'loop',
        bindings: [
          { dtype, access: 'read' },
          { dtype, access: 'write' },
        ],
        outer: [length],
        inner: [],
        body: [load(0, [1], dtypes[dtype].compute), store(1, [1], 0)],
      };
      await expectAgreement(device, spec, [contentOf(dtype, length), length + 9]);
    }
  });

  test.each(narrow)('stores %s transposed, flipped and into the middle of a buffer', async (dtype) => {
    const compute = dtypes[dtype].compute;
    const layouts: Access[] = [
      { binding: 1, offset: 0, strides: [1, 5] },
      { binding: 1, offset: 34, strides: [-7, -1] },
      { binding: 1, offset: 3, strides: [7, 1] },
      { binding: 1, offset: 4, strides: [9, 1] },
    ];
    for (const access of layouts) {
      const spec: LoopSpec = {
        kind: 'loop',
        bindings: [
          { dtype, access: 'read' },
          { dtype, access: 'write' },
        ],
        outer: [5, 7],
        inner: [],
        body: [load(0, [7, 1], compute), { kind: 'store', access, arg: 0, each: 'point' }],
      };
      await expectAgreement(device, spec, [contentOf(dtype, 35), 64]);
    }
  });

  test('keeps every pattern of the 16-bit floats, and rounds half to even', async () => {
    for (const dtype of ['f16', 'bf16'] as const) {
      const all = Array.from({ length: 65536 }, (_, pattern) => dtypes[dtype].decode(pattern));
      const copy: LoopSpec = {
        kind: 'loop',
        bindings: [
          { dtype, access: 'read' },
          { dtype: 'f32', access: 'write' },
          { dtype, access: 'write' },
        ],
        outer: [65536],
        inner: [],
        body: [load(0, [1]), store(1, [1], 0), store(2, [1], 0)],
      };
      const [, widened = [], kept = []] = await runOn(device, copy, [all, 65536, 65536]);
      // A device may flush denormal results of f32 arithmetic; a bfloat16 denormal is one.
      const visible = all.map((value) => (Math.abs(value) < 2 ** -126 ? 0 : value));
      const flushed = (values: number[]): number[] => values.map((value) => (Math.abs(value) < 2 ** -126 ? 0 : value));
      expect(disagreement(flushed(widened), visible, { absolute: 0, relative: 1e-30 })).toBeUndefined();
      expect(disagreement(flushed(kept), visible, { absolute: 0, relative: 1e-30 })).toBeUndefined();
      const between = Array.from({ length: 4096 }, (_, index) =>
        Math.fround(((index % 64) / 8 + 1 + 2 ** -11) * 2 ** ((index >> 6) - 40)),
      );
      const narrowSpec: LoopSpec = {
        ...copy,
        bindings: [
          { dtype: 'f32', access: 'read' },
          { dtype, access: 'write' },
        ],
        outer: [4096],
        body: [load(0, [1]), store(1, [1], 0)],
      };
      await expectAgreement(device, narrowSpec, [between, 4096], { absolute: 0, relative: 0 });
    }
  });

  test('gathers rows by an index, numbers points, and updates in place', async () => {
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [
        { dtype: 'f32', access: 'read' },
        { dtype: 'i32', access: 'read' },
        { dtype: 'f32', access: 'readwrite' },
      ],
      outer: [6, 5],
      inner: [],
      body: [
        load(1, [1, 0], 'i32'),
        { kind: 'gather', access: { binding: 0, offset: 0, strides: [0, 1] }, index: 0, stride: 5, dtype: 'f32' },
        { kind: 'index', offset: -3, strides: [2, -1], dtype: 'i32' },
        scalar('cast', [2], 'f32'),
        load(2, [5, 1]),
        scalar('add', [1, 3], 'f32'),
        scalar('mul', [5, 4], 'f32'),
        store(2, [5, 1], 6),
      ],
    };
    await expectAgreement(device, spec, [numbers(40), integers(6, 0, 7), numbers(30)]);
  });

  test('moves vectors where buffers are walked in order, tuned for hardware', async () => {
    const gpu = await openTestDevice('hardware');
    const size = 65536 + 256;
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [
        { dtype: 'f32', access: 'read' },
        { dtype: 'i32', access: 'readwrite' },
        { dtype: 'f32', access: 'read' },
        { dtype: 'f16', access: 'write' },
        { dtype: 'f32', access: 'write' },
      ],
      outer: [257, 256],
      inner: [],
      body: [
        load(0, [256, 1], 'f32', 8),
        load(1, [256, 1], 'i32'),
        load(2, [0, 1]),
        scalar('cast', [1], 'f32'),
        scalar('add', [0, 3], 'f32'),
        scalar('mul', [4, 2], 'f32'),
        scalar('add', [1, 1], 'i32'),
        store(1, [256, 1], 6),
        store(3, [256, 1], 5),
        store(4, [1, 257], 5),
      ],
    };
    await expectAgreement(gpu, spec, [numbers(size + 8), integers(size, -9, 9), numbers(256), size, size]);
    gpu.dispose();
  });

  test('reaches points beyond 65535 workgroups', async () => {
    const length = 65536 * 64 * 4 + 5;
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [{ dtype: 'u8', access: 'write' }],
      outer: [length],
      inner: [],
      body: [
        { kind: 'index', offset: 0, strides: [1], dtype: 'u32' },
        { kind: 'constant', value: 11, dtype: 'u32' },
        scalar('shr', [0, 1], 'u32'),
        store(0, [1], 2),
      ],
    };
    const buffer = device.allocate(length);
    device.run([{ kernel: device.prepare(spec), ranges: [{ buffer, byteOffset: 0, byteLength: length }] }]);
    const bytes = await device.read(buffer, 0, length);
    device.free(buffer);
    const wrong = [0, 2047, 2048, 65535 * 64, 65535 * 256 + 3, length - 4, length - 1].filter(
      (position) => bytes[position] !== ((position >>> 11) & 255),
    );
    expect(wrong).toEqual([]);
  });
});

describe('reductions', () => {
  const folds: readonly (readonly [ReduceOp, DType])[] = (['sum', 'prod', 'max', 'min'] as const).flatMap((op) =>
    (['f32', 'i32', 'f16', 'bool'] as const).map((dtype) => [op, dtype] as const),
  );
  test.each(folds)('%s of %s over rows, columns and everything', async (op, dtype) => {
    const compute = dtypes[dtype].compute;
    const cases = [
      { outer: [3], inner: [70], strides: [70, 1] },
      { outer: [70], inner: [3], strides: [3, 1] },
      { outer: [33], inner: [40], strides: [1, 33] },
      { outer: [], inner: [5, 41], strides: [41, 1] },
      { outer: [4], inner: [0], strides: [0, 1] },
    ];
    for (const { outer, inner, strides } of cases) {
      const rows = outer[0] ?? 1;
      const size = rows * inner.reduce((product, length) => product * length, 1);
      const content =
        op === 'prod'
          ? contentOf(dtype, size).map((value) => (compute === 'f32' ? dtypes[dtype].round(1 + value / 16) : value))
          : contentOf(dtype, size);
      const spec: LoopSpec = {
        kind: 'loop',
        bindings: [
          { dtype, access: 'read' },
          { dtype, access: 'write' },
        ],
        outer,
        inner,
        body: [
          load(0, strides, compute),
          reduce(op, 0, compute),
          store(1, [...outer.map(() => 1), ...inner.map(() => 0)], 1, 'row'),
        ],
      };
      await expectAgreement(device, spec, [content.length === 0 ? [0] : content, rows], {
        absolute: 1e-4,
        relative: 2 * dtypes[dtype].epsilon + 1e-5,
      });
    }
  });

  test('max and min propagate NaN and order the zeros', async () => {
    for (const op of ['max', 'min'] as const) {
      const spec: LoopSpec = {
        kind: 'loop',
        bindings: [
          { dtype: 'f32', access: 'read' },
          { dtype: 'f32', access: 'write' },
        ],
        outer: [3],
        inner: [40],
        body: [load(0, [40, 1]), reduce(op, 0), store(1, [1, 0], 1, 'row')],
      };
      const withNaN = numbers(40).map((value, index) => (index === 17 ? NaN : value));
      const zeros = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 0 : -0));
      const infinite = numbers(40).map((value, index) => (index === 3 ? Infinity : index === 4 ? -Infinity : value));
      await expectAgreement(device, spec, [[...withNaN, ...zeros, ...infinite], 3], { absolute: 0, relative: 0 });
    }
  });

  test('a long sum is split, and stays close to the exact one', async () => {
    const length = 3 * 65536;
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [
        { dtype: 'f32', access: 'read' },
        { dtype: 'f32', access: 'write' },
        { dtype: 'i32', access: 'write' },
      ],
      outer: [],
      inner: [length],
      body: [
        load(0, [1]),
        reduce('sum', 0),
        { kind: 'index', offset: 2, strides: [1], dtype: 'i32' },
        reduce('max', 2, 'i32'),
        scalar('mul', [1, 1], 'f32'),
        store(1, [0], 4, 'row'),
        store(2, [0], 3, 'row'),
      ],
    };
    await expectAgreement(device, spec, [numbers(length, 0, 1), 1, 1], { absolute: 0, relative: 1e-6 });
  });

  test('a long sum down a few columns', async () => {
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [
        { dtype: 'f32', access: 'read' },
        { dtype: 'f32', access: 'write' },
      ],
      outer: [5],
      inner: [4099],
      body: [load(0, [1, 5]), reduce('sum', 0), store(1, [1, 0], 1, 'row')],
    };
    await expectAgreement(device, spec, [numbers(5 * 4099, 0, 1), 5], { absolute: 0, relative: 1e-6 });
  });
});

describe('row kernels', () => {
  test.each(['f32', 'f16', 'bf16'] as const)('softmax of %s, many short and few long rows', async (dtype) => {
    for (const [rows, length] of [
      [130, 10],
      [3, 1000],
      [1, 4096],
      [70, 64],
      [5, 33],
    ] as const) {
      await expectAgreement(
        device,
        softmaxSpec(dtype, rows, length),
        [numbers(rows * length, -5, 5).map(dtypes[dtype].round), rows * length],
        { absolute: 1e-7, relative: 2e-5 + 2 * dtypes[dtype].epsilon },
      );
    }
  });

  test('a walk that stores narrow elements one at a time', async () => {
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [
        { dtype: 'f32', access: 'read' },
        { dtype: 'bool', access: 'write' },
        { dtype: 'u8', access: 'write' },
      ],
      outer: [3],
      inner: [37],
      body: [
        load(0, [37, 1]),
        reduce('max', 0),
        scalar('eq', [0, 1], 'bool'),
        { kind: 'store', access: { binding: 1, offset: 0, strides: [37, 1] }, arg: 2, each: 'point' },
        scalar('cast', [2], 'u32'),
        { kind: 'store', access: { binding: 2, offset: 1, strides: [1, 3] }, arg: 4, each: 'point' },
      ],
    };
    await expectAgreement(device, spec, [numbers(111), 111, 120]);
  });
});

/** Random fused bodies of cheap, exact-enough instructions over random views. */
describe('random loops', () => {
  const unary = ['neg', 'abs', 'floor', 'tanh', 'sin'] as const;
  const binary = ['add', 'sub', 'mul', 'min', 'max'] as const;
  const storable: readonly DType[] = ['f32', 'f16', 'bf16', 'i32', 'u8', 'bool'];
  const arbitrary = fc
    .record({
      outer: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
      inner: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 2 }),
      inputs: fc.array(
        fc.record({
          dtype: fc.constantFrom<DType>('f32', 'f16', 'bf16', 'i8', 'bool'),
          broadcast: fc.nat(31),
          flip: fc.nat(31),
          order: fc.nat(119),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      steps: fc.array(fc.record({ pick: fc.nat(20), a: fc.nat(20), b: fc.nat(20) }), { minLength: 1, maxLength: 6 }),
      reductions: fc.array(fc.constantFrom<ReduceOp>('sum', 'max', 'min'), { maxLength: 2 }),
      output: fc.constantFrom(...storable),
    })
    .map(buildSpec);

  test('agree with the reference', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ spec, sizes }) => {
        const contents = spec.bindings.map(({ dtype, access }, binding) =>
          access === 'read' ? contentOf(dtype, sizes[binding] ?? 1, binding + 3) : (sizes[binding] ?? 1),
        );
        await expectAgreement(device, spec, contents, { absolute: 2e-2, relative: 2e-2 });
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });

  interface Drawn {
    outer: number[];
    inner: number[];
    inputs: { dtype: DType; broadcast: number; flip: number; order: number }[];
    steps: { pick: number; a: number; b: number }[];
    reductions: ReduceOp[];
    output: DType;
  }

  function buildSpec({ outer, inner, inputs, steps, reductions, output }: Drawn): { spec: LoopSpec; sizes: number[] } {
    const space = [...outer, ...inner];
    const body: LoopInstruction[] = [];
    const sizes: number[] = [];
    const push = (step: LoopInstruction): number => body.push(step) - 1;
    const value = (compute: ComputeDType, position: number): number =>
      compute === 'f32' ? position : push(scalar('cast', [position], 'f32'));
    const values = inputs.map(({ dtype, broadcast, flip, order }, binding) => {
      // Dimensions laid out in a drawn order, some broadcast, some walked backwards.
      const turns = space.map((_, dimension) => (dimension + order) % space.length);
      let stride = 1;
      let offset = 0;
      const strides = new Array<number>(space.length).fill(0);
      for (const dimension of turns) {
        if ((broadcast >> dimension) & 1) continue;
        const size = space[dimension] ?? 1;
        const backwards = (flip >> dimension) & 1;
        strides[dimension] = backwards ? -stride : stride;
        if (backwards) offset += (size - 1) * stride;
        stride *= size;
      }
      sizes.push(stride);
      const compute = dtypes[dtype].compute;
      return value(compute, push({ kind: 'load', access: { binding, offset, strides }, dtype: compute }));
    });
    const mix = (): void => {
      for (const { pick, a, b } of steps) {
        const left = values[a % values.length] ?? 0;
        const right = values[b % values.length] ?? 0;
        const op = [...unary, ...binary][pick % (unary.length + binary.length)] ?? 'add';
        values.push(push(scalar(op, binary.includes(op as 'add') ? [left, right] : [left], 'f32')));
      }
    };
    mix();
    const last = (): number => values.at(-1) ?? 0;
    if (inner.length > 0) {
      for (const op of reductions) {
        // Bounded again, so that several walks do not blow up differences.
        const bounded = push(scalar('tanh', [last()], 'f32'));
        values.push(push(reduce(op, bounded)));
        mix();
      }
    }
    const outputs = [output, 'f32' as const];
    const strides = space.map((_, dimension) =>
      space.slice(dimension + 1).reduce((product, size) => product * size, 1),
    );
    const total = space.reduce((product, size) => product * size, 1);
    for (const [order, dtype] of outputs.entries()) {
      const compute = dtypes[dtype].compute;
      let stored = push(scalar('tanh', [last()], 'f32'));
      // Away from the jumps of narrowing casts, where a rounding difference would show.
      if (compute !== 'f32')
        stored = push(scalar('lt', [push({ kind: 'constant', value: 3, dtype: 'f32' }), stored], 'bool'));
      if (compute !== 'f32' && compute !== 'bool') stored = push(scalar('cast', [stored], compute));
      push({
        kind: 'store',
        access: { binding: inputs.length + order, offset: 0, strides },
        arg: stored,
        each: 'point',
      });
      sizes.push(total);
    }
    const bindings = [
      ...inputs.map(({ dtype }) => ({ dtype, access: 'read' as const })),
      ...outputs.map((dtype) => ({ dtype, access: 'write' as const })),
    ];
    return { spec: { kind: 'loop', bindings, outer, inner, body }, sizes };
  }
});
