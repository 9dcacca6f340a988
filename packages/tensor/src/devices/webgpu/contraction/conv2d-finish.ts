/** What is done with the finished elements of a convolution: stored, or handed to an epilogue. */
import { afterSum } from '../../../kernel/contraction/epilogue.ts';
import { restrided } from '../../../kernel/loop-steps.ts';
import type { Access, Conv2dSpec, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { LoopBody } from '../loop/loop-body.ts';
import { at } from '../numbers.ts';
import { elementsPerWord, plainMode, storeLines, type StorageMode } from '../wgsl/storage.ts';
import { indent, type WgslModule } from '../wgsl/wgsl-module.ts';

/** The tensor that a pass makes: [groups, m, n], where n is `columns`. */
export interface PassResult {
  readonly m: number;
  readonly n: number;
  /** Absent where an epilogue stores it. */
  readonly out: Access | undefined;
  /** Sizes of [groups, i, …] into which batch, i and j split, and the strides of the result over them. */
  readonly columns: readonly number[];
  readonly outStrides: readonly number[];
}

/** The `finish` function of a pass, and how it has the bindings stored. */
export interface ConvolutionFinish {
  readonly modes: readonly StorageMode[];
  readonly add: (module: WgslModule) => void;
}

/** `finish` for the result of a pass. */
export function finishOf(spec: Conv2dSpec, result: PassResult): ConvolutionFinish {
  const { n } = result;
  const stored = (spec.epilogue ?? []).flatMap((step) => (step.kind === 'store' ? [step.access.binding] : []));
  const written = new Set(result.out ? [result.out.binding] : stored);
  const modes = spec.bindings.map(({ dtype }, binding): StorageMode =>
    written.has(binding) && elementsPerWord(dtype) > 1 ? 'atomic' : plainMode(dtype),
  );
  const lines = (module: WgslModule): string[] =>
    spec.epilogue ? epilogueLines(module, spec, spec.epilogue, modes) : storeOf(module, spec, result, modes);
  return {
    modes,
    add: (module) =>
      module.add(`fn finish(batch: u32, i: u32, j: u32, values: vec4<f32>) {
  for (var part = 0u; part < min(4u, ${n}u - j); part++) {
    let column = j + part;
${indent(lines(module), 2)}
  }
}`),
  };
}

function storeOf(
  module: WgslModule,
  spec: Conv2dSpec,
  { out, columns, outStrides }: PassResult,
  modes: readonly StorageMode[],
): string[] {
  const { binding, offset } = out as Access;
  const dtype = spec.bindings[binding]?.dtype ?? 'f32';
  const [group = 0, row = 0] = outStrides;
  const last = at(columns, columns.length - 1);
  const column = columns.length === 1 ? 'column' : `column / ${last}u * ${at(outStrides, 2)}u + column % ${last}u`;
  const position = `${offset}u + batch * ${group}u + i * ${row}u + ${column}`;
  return storeLines(module, { binding, dtype, mode: modes[binding] ?? 'element' }, position, 'values[part]');
}

function epilogueLines(
  module: WgslModule,
  spec: Conv2dSpec,
  epilogue: readonly LoopInstruction[],
  modes: readonly StorageMode[],
): string[] {
  const [height, width] = spec.outSize;
  const pixels = height * width;
  const body = new LoopBody(epilogue, {
    module,
    bindings: spec.bindings,
    modes,
    indices: ['image', 'channel', 'down', 'across'],
    accumulator: 'values[part]',
  });
  return [
    `let image = column / ${pixels}u;`,
    `let channel = batch * ${spec.outChannels / spec.groups}u + i;`,
    `let down = column % ${pixels}u / ${width}u;`,
    `let across = column % ${width}u;`,
    ...epilogue.flatMap((_, position) => body.lines(position)),
  ];
}

/** Sums the parts in scratch memory, contiguous [groups, splits, m, n], into the result. */
export function sumOfParts(spec: Conv2dSpec, result: PassResult, splits: number): LoopSpec {
  const { m, n } = result;
  const { sizes, steps } = spec.epilogue ? epilogueSteps(spec, spec.epilogue) : storeSteps(result);
  const binding = spec.bindings.length;
  const columnStrides = sizes.map((_, dimension) =>
    sizes.slice(dimension + 1).reduce((product, size) => product * size, 1),
  );
  const sum: LoopInstruction[] = [
    {
      kind: 'load',
      access: { binding, offset: 0, strides: [splits * m * n, n, ...columnStrides, m * n] },
      dtype: 'f32',
    },
    { kind: 'reduce', op: 'sum', arg: 0, dtype: 'f32' },
  ];
  return {
    kind: 'loop',
    bindings: [...spec.bindings, { dtype: 'f32', access: 'read' }],
    outer: [spec.groups, m, ...sizes],
    inner: [splits],
    body: [...sum, ...afterSum(steps, sum.length, (own) => [...own, 0])],
  };
}

/** What finishes elements over [groups, m, ...sizes]. */
interface Finishing {
  readonly sizes: readonly number[];
  readonly steps: readonly LoopInstruction[];
}

function storeSteps({ out, columns, outStrides }: PassResult): Finishing {
  const access: Access = { ...(out as Access), strides: outStrides };
  return {
    sizes: columns,
    steps: [
      { kind: 'accumulator', dtype: 'f32' },
      { kind: 'store', access, arg: 0, each: 'row' },
    ],
  };
}

/** An epilogue over [groups, channels of one, images, height, width] rather than [images, channels, height, width]. */
function epilogueSteps(spec: Conv2dSpec, epilogue: readonly LoopInstruction[]): Finishing {
  const channels = spec.outChannels / spec.groups;
  const byGroup = ([image = 0, channel = 0, ...pixel]: readonly number[]): number[] => [
    channel * channels,
    channel,
    image,
    ...pixel,
  ];
  return { sizes: [spec.batch, ...spec.outSize], steps: epilogue.map((step) => restrided(step, byGroup)) };
}
