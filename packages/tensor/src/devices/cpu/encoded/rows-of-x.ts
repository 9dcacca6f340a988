/** The dense factor of a product, brought into the order that a kernel reads it in. */
import { dtypes } from '../../../dtype/dtype.ts';
import type { Access, EncodedMatmulSpec, LoopSpec } from '../../../kernel/spec.ts';
import type { Engine } from '../engine.ts';
import { fillKernel } from '../fill.ts';
import { roundUp } from '../gemm/gemm.ts';
import { roundingKernels } from './rounding.ts';

/** What a product sums over, and what it yields for each row of x. */
export function sizesOf({ rows, columns, walks }: EncodedMatmulSpec): {
  readonly depth: number;
  readonly width: number;
} {
  return walks === 'columns' ? { depth: columns, width: rows } : { depth: rows, width: columns };
}

/** x in an order of its own. */
export interface PlacedX {
  /** Bytes of workspace for it. */
  readonly bytes: number;
  /** Where it lies: in the workspace at `target`, or where it is if nothing has to be moved. */
  readonly place: (target: number) => number;
}

/** Copies x, or what lies as `from` says, into contiguous elements of the given strides over [m, depth]. */
function copyOf(
  spec: EncodedMatmulSpec,
  engine: Engine,
  strides: readonly number[],
  from: Omit<Access, 'binding'> = spec.x,
  dtype: 'f32' | 'i8' = 'f32',
): (source: number, target: number) => number {
  const loop: LoopSpec = {
    kind: 'loop',
    bindings: [
      { dtype, access: 'read' },
      { dtype, access: 'write' },
    ],
    outer: [spec.m, sizesOf(spec).depth],
    inner: [],
    body: [
      { kind: 'load', access: { ...from, binding: 0 }, dtype: dtypes[dtype].compute },
      { kind: 'store', access: { binding: 1, offset: 0, strides }, arg: 0, each: 'row' },
    ],
  };
  const copy = engine.loop(loop);
  return (source, target) => {
    copy.whole(source, target);
    return target;
  };
}

/** x as contiguous rows [m, depth], rounded to codes of 8 bits where the product asks for that; i8 where it is codes. */
export function rowsOfX(
  spec: EncodedMatmulSpec,
  engine: Engine,
  activations: EncodedMatmulSpec['activations'] = spec.activations,
): PlacedX {
  const { x, m } = spec;
  const { depth } = sizesOf(spec);
  const [rowStep = 0, step = 0] = x.strides;
  const isRows = (step === 1 || depth === 1) && (rowStep === depth || m === 1);
  const dtype = activations === 'codes' ? 'i8' : 'f32';
  const size = dtypes[dtype].bytes;
  if (isRows && activations !== 'int8') return { bytes: 0, place: () => engine.address(x.binding) + x.offset * size };
  const copy = copyOf(spec, engine, [depth, 1], x, dtype);
  const bytes = roundUp(m * depth * size, 16);
  const own = (): number => engine.address(x.binding);
  if (activations !== 'int8') return { bytes, place: (target) => copy(own(), target) };
  const { roundRow } = roundingKernels(engine);
  return {
    bytes,
    place: (target) => {
      copy(own(), target);
      for (let row = 0; row < m; row++) roundRow(target + row * depth * 4, depth);
      return target;
    },
  };
}

/** x turned, [depth, step] with its m rows as columns and zeros after them; `step` is a multiple of 4. */
export function columnsOfX(spec: EncodedMatmulSpec, engine: Engine): PlacedX & { readonly step: number } {
  const { m } = spec;
  const { depth } = sizesOf(spec);
  const step = roundUp(m, 4);
  const turned = roundUp(depth * step * 4, 16);
  const fill = fillKernel(engine);
  const clear = (target: number): void => {
    if (step > m) fill(target, turned);
  };
  if (spec.activations === 'int8') {
    const rows = rowsOfX(spec, engine);
    const turn = copyOf(spec, engine, [1, step], { offset: 0, strides: [depth, 1] });
    return {
      step,
      bytes: turned + rows.bytes,
      place: (target) => {
        clear(target);
        return turn(rows.place(target + turned), target);
      },
    };
  }
  const copy = copyOf(spec, engine, [1, step]);
  return {
    step,
    bytes: turned,
    place: (target) => {
      clear(target);
      return copy(engine.address(spec.x.binding), target);
    },
  };
}
