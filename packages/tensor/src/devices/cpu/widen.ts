/** Runs an f32 program on operands of 16-bit floats, through f32 copies. */
import type { DType } from '../../dtype/dtype.ts';
import type { Access, LoopSpec } from '../../kernel/spec.ts';
import type { Calls, Engine } from './engine.ts';
import { roundUp } from './gemm/gemm.ts';

/** An operand of the program: where it lies, over which dimensions, and as what. */
export interface WideOperand {
  readonly access: Access;
  readonly sizes: readonly number[];
  readonly dtype: DType;
}

function packedStrides(sizes: readonly number[]): number[] {
  const strides: number[] = [];
  let step = 1;
  for (const size of sizes.toReversed()) {
    strides.unshift(step);
    step *= size;
  }
  return strides;
}

/** A loop that copies binding 0 to binding 1, converting. */
function copy(
  sizes: readonly number[],
  from: { readonly dtype: DType; readonly access: Access },
  to: { readonly dtype: DType; readonly access: Access },
): LoopSpec {
  return {
    kind: 'loop',
    bindings: [
      { dtype: from.dtype, access: 'read' },
      { dtype: to.dtype, access: 'write' },
    ],
    outer: sizes,
    inner: [],
    body: [
      { kind: 'load', access: { ...from.access, binding: 0 }, dtype: 'f32' },
      { kind: 'store', access: { ...to.access, binding: 1 }, arg: 0, each: 'row' },
    ],
  };
}

/**
 * The calls of a kernel on `operands`, the last of which is its output. `build` makes those of the f32 kernel for operands
 * bound in order 0, 1, 2 … and laid out packed. The copies lie in the workspace, behind that of the kernel.
 */
export function widenedCalls(
  engine: Engine,
  operands: readonly WideOperand[],
  build: (accesses: readonly Access[]) => Calls,
): Calls {
  const packed = operands.map(({ sizes }, binding): Access => ({ binding, offset: 0, strides: packedStrides(sizes) }));
  const calls = build(packed);
  const last = operands.length - 1;
  const copies = operands.map(({ access, sizes, dtype }, i) => {
    const wide = { dtype: 'f32' as const, access: packed[i] as Access };
    const own = { dtype, access };
    return engine.loop(i === last ? copy(sizes, wide, own) : copy(sizes, own, wide), { areApart: true });
  });
  const offsets: number[] = [];
  let end = roundUp(engine.workspaceBytes, 64);
  for (const { sizes } of operands) {
    offsets.push(end);
    end += roundUp(
      sizes.reduce((product, size) => product * size, 4),
      64,
    );
  }
  engine.reserve(end, 'widen');
  return () =>
    engine.undivided(() => {
      const wide = offsets.map((offset) => engine.workspace + offset);
      const convert = (i: number): void => {
        const [own, copied] = [engine.address((operands[i] as WideOperand).access.binding), wide[i] as number];
        copies[i]?.whole(...(i === last ? [copied, own] : [own, copied]));
      };
      for (let i = 0; i < last; i++) convert(i);
      engine.withOperands(wide, calls);
      convert(last);
    });
}
