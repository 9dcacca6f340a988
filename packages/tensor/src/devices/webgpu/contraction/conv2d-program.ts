/**
 * Convolutions as contractions (implicit GEMM), of the sizes that `contractionOf` tells: patches are never materialised,
 * their elements are found when loaded.
 */
import { dtypes } from '../../../dtype/dtype.ts';
import { collapse } from '../../../kernel/collapse.ts';
import { contractionOf } from '../../../kernel/contraction/contraction.ts';
import type { Access, Binding, Conv2dSpec } from '../../../kernel/spec.ts';
import { loopStage } from '../loop/loop-program.ts';
import { slotsOf } from '../loop/map-kernel.ts';
import type { Profile, Program } from '../program.ts';
import { declareBuffers, loadLines, plainMode } from '../wgsl/storage.ts';
import { indent, WgslModule } from '../wgsl/wgsl-module.ts';
import { finishOf, sumOfParts, type PassResult } from './conv2d-finish.ts';
import { addGatheringFunctions, type Contraction } from './contraction.ts';
import { scratchFinish } from './finish.ts';
import { tileStage } from './matmul-program.ts';
import { chooseTile } from './tile-choice.ts';

/** Sizes that all three passes are written in. */
interface Geometry {
  readonly inPerGroup: number;
  readonly outPerGroup: number;
  readonly inPixels: number;
  readonly outPixels: number;
  readonly taps: number;
}

/** One pass: its sizes, where its operands' elements are, and which tensor it makes. */
interface Pass extends Omit<PassResult, 'm' | 'n'> {
  /** WGSL statements that end in `return`, in terms of `batch` (the group), `i` or `j`, and `k`. */
  readonly left: readonly string[];
  readonly right: readonly string[];
}

function geometryOf(spec: Conv2dSpec): Geometry {
  return {
    inPerGroup: spec.inChannels / spec.groups,
    outPerGroup: spec.outChannels / spec.groups,
    inPixels: spec.inSize[0] * spec.inSize[1],
    outPixels: spec.outSize[0] * spec.outSize[1],
    taps: spec.kernel[0] * spec.kernel[1],
  };
}

/** Prints loads of the spec's tensors. */
class Operands {
  readonly #spec: Conv2dSpec;
  readonly #module: WgslModule;

  constructor(spec: Conv2dSpec, module: WgslModule) {
    this.#spec = spec;
    this.#module = module;
  }

  /** Statements that return the element of a tensor at `position`. */
  load(access: Access, position: string): string[] {
    const dtype = this.#spec.bindings[access.binding]?.dtype ?? 'f32';
    const target = { binding: access.binding, dtype, mode: plainMode(dtype) };
    return [
      ...loadLines(this.#module, target, access.offset === 0 ? position : `${access.offset}u + ${position}`, 'value'),
      'return value;',
    ];
  }

  /** The image element under tap `tap` of channel `channel` for the output pixel `pixel` of `image`; 0 outside the image. */
  imageUnderTap(): string[] {
    const { inChannels, inSize, outSize, kernel, stride, padding, dilation, x, groups } = this.#spec;
    return [
      // Unsigned: what lies above or left of the image wraps to something beyond it.
      `let y = pixel / ${outSize[1]}u * ${stride[0]}u + tap / ${kernel[1]}u * ${dilation[0]}u - ${padding[0]}u;`,
      `let x = pixel % ${outSize[1]}u * ${stride[1]}u + tap % ${kernel[1]}u * ${dilation[1]}u - ${padding[1]}u;`,
      `if (y >= ${inSize[0]}u || x >= ${inSize[1]}u) { return 0.0; }`,
      ...this.load(
        x,
        `(((image * ${inChannels}u + start * ${inChannels / groups}u + channel) * ${inSize[0]}u + y) * ${inSize[1]}u + x)`,
      ),
    ];
  }

  /** The output gradient that met the input pixel `pixel` through tap `tap` of output channel `channel`; 0 if there was none. */
  gradientThroughTap(): string[] {
    const { outChannels, inSize, outSize, kernel, stride, padding, dilation, groups } = this.#spec;
    return [
      `let across = pixel % ${inSize[1]}u + ${padding[1]}u - tap % ${kernel[1]}u * ${dilation[1]}u;`,
      `let down = pixel / ${inSize[1]}u + ${padding[0]}u - tap / ${kernel[1]}u * ${dilation[0]}u;`,
      `if (across >= ${outSize[1] * stride[1]}u || down >= ${outSize[0] * stride[0]}u || across % ${stride[1]}u != 0u || down % ${stride[0]}u != 0u) { return 0.0; }`,
      ...this.load(
        this.#spec.y as Access,
        `(((image * ${outChannels}u + start * ${outChannels / groups}u + channel) * ${outSize[0]}u + down / ${stride[0]}u) * ${outSize[1]}u + across / ${stride[1]}u)`,
      ),
    ];
  }
}

const split = (index: string, names: readonly [string, string], size: number): string[] => [
  `let ${names[0]} = ${index} / ${size}u;`,
  `let ${names[1]} = ${index} % ${size}u;`,
];

/** The three passes. */
const passes: Readonly<Record<Conv2dSpec['pass'], (spec: Conv2dSpec, operands: Operands) => Pass>> = {
  forward: (spec, operands) => {
    const { inPerGroup, outPerGroup, outPixels, taps } = geometryOf(spec);
    return {
      left: operands.load(spec.w, `((start * ${outPerGroup}u + i) * ${inPerGroup * taps}u + k)`),
      right: [
        ...split('k', ['channel', 'tap'], taps),
        ...split('j', ['image', 'pixel'], outPixels),
        ...operands.imageUnderTap(),
      ],
      out: spec.y,
      columns: [spec.batch, outPixels],
      outStrides: [outPerGroup * outPixels, outPixels, spec.outChannels * outPixels, 1],
    };
  },
  input: (spec, operands) => {
    const { inPerGroup, outPerGroup, inPixels, taps } = geometryOf(spec);
    return {
      left: [
        ...split('k', ['channel', 'tap'], taps),
        ...operands.load(spec.w, `(((start * ${outPerGroup}u + channel) * ${inPerGroup}u + i) * ${taps}u + tap)`),
      ],
      right: [
        ...split('k', ['channel', 'tap'], taps),
        ...split('j', ['image', 'pixel'], inPixels),
        ...operands.gradientThroughTap(),
      ],
      out: spec.x,
      columns: [spec.batch, inPixels],
      outStrides: [inPerGroup * inPixels, inPixels, spec.inChannels * inPixels, 1],
    };
  },
  weight: (spec, operands) => {
    const { inPerGroup, outPerGroup, outPixels, taps } = geometryOf(spec);
    const n = inPerGroup * taps;
    return {
      left: [
        ...split('k', ['image', 'pixel'], outPixels),
        ...operands.load(
          spec.y as Access,
          `((image * ${spec.outChannels}u + start * ${outPerGroup}u + i) * ${outPixels}u + pixel)`,
        ),
      ],
      right: [
        ...split('j', ['channel', 'tap'], taps),
        ...split('k', ['image', 'pixel'], outPixels),
        ...operands.imageUnderTap(),
      ],
      out: spec.w,
      columns: [n],
      outStrides: [outPerGroup * n, n, 1],
    };
  },
};

function describeConv2d(spec: Conv2dSpec): string {
  const grouped = spec.groups === 1 ? '' : ` in ${spec.groups} groups`;
  const finished = spec.epilogue === undefined ? '' : ' with epilogue';
  return `conv2d ${spec.pass} [${spec.batch}, ${spec.inChannels}, ${spec.inSize.join(', ')}] to ${spec.outChannels} channels by ${spec.kernel.join('x')}${grouped}${finished}`;
}

/** The program of a convolution pass. */
export function conv2dProgram(spec: Conv2dSpec, profile: Profile): Program {
  const title = describeConv2d(spec);
  const module = new WgslModule();
  const { m, n, k } = contractionOf(spec);
  const pass = { m, n, ...passes[spec.pass](spec, new Operands(spec, module)) };
  if (spec.groups * m * n === 0) return { label: title, stages: [], scratch: [] };
  const choice = chooseTile(
    { batch: spec.groups, m, n, k },
    profile,
    spec.bindings.length < profile.maxBindings,
    'tile',
  );
  const { splits } = choice;
  const finish = finishOf(spec, pass);
  const modes = splits === 1 ? finish.modes : spec.bindings.map(({ dtype }) => plainMode(dtype));
  const scratch: Binding[] = splits === 1 ? [] : [{ dtype: 'f32', access: 'write' }];
  const bindings: Binding[] =
    splits === 1 ? [...spec.bindings] : spec.bindings.map((binding) => ({ ...binding, access: 'read' }));
  declareBuffers(module, [...bindings, ...scratch], modes);
  for (const [side, parameters, lines] of [
    ['left', 'start: u32, i: u32, k: u32', pass.left],
    ['right', 'start: u32, k: u32, j: u32', pass.right],
  ] as const) {
    module.add(`fn ${side}_start(batch: u32) -> u32 {\n  return batch;\n}`);
    module.add(`fn ${side}(${parameters}) -> f32 {\n${indent(lines)}\n}`);
  }
  addGatheringFunctions(module, { m, n, rows: choice.kind === 'workgroup', columns: true });
  if (splits === 1) finish.add(module);
  else scratchFinish(module, spec.bindings.length, m, n);
  const contraction: Contraction = {
    module,
    title,
    slots: slotsOf([...bindings, ...scratch]),
    batch: spec.groups,
    m,
    n,
    k,
    splits,
    leftVector: 'none',
    rightVector: 'none',
  };
  const tile = tileStage(contraction, choice);
  if (splits === 1) return { label: title, stages: [tile], scratch: [] };
  const sum = loopStage(collapse(sumOfParts(spec, pass, splits)), profile, `${title} (sum of parts)`);
  return {
    label: title,
    stages: sum === undefined ? [tile] : [tile, sum],
    scratch: [spec.groups * splits * m * n * 4],
  };
}

/** Whether the operands are floats that WGSL computes on, and so is the result where no epilogue takes it. */
export function acceptsConv2d(spec: Conv2dSpec): boolean {
  return [spec.x, spec.w, spec.y].every(
    (access) => access === undefined || dtypes[spec.bindings[access.binding]?.dtype ?? 'f32'].compute === 'f32',
  );
}
