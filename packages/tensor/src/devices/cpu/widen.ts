/** Runs an f32 program on operands of 16-bit floats, through f32 copies. */
import type { DType } from '../../dtype/dtype.ts';
import type { Access, LoopSpec } from '../../kernel/spec.ts';
import type { Engine, Program } from './engine.ts';

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
 * A program on `operands`, the last of which is its output. `build` makes the f32 program for operands bound in order
 * 0, 1, 2 … and laid out packed. The copies live only while the program runs.
 */
export function widenedProgram(
  engine: Engine,
  operands: readonly WideOperand[],
  build: (accesses: readonly Access[]) => Program,
): Program {
  const packed = operands.map(({ sizes }, binding): Access => ({ binding, offset: 0, strides: packedStrides(sizes) }));
  const program = build(packed);
  const copies = operands.map(({ access, sizes, dtype }, i) => {
    const wide = { dtype: 'f32' as const, access: packed[i] as Access };
    const own = { dtype, access };
    return engine.loop(i === operands.length - 1 ? copy(sizes, wide, own) : copy(sizes, own, wide));
  });
  const bytes = operands.map(({ sizes }) => sizes.reduce((product, size) => product * size, 4));
  const last = operands.length - 1;
  return () => {
    const addresses = operands.map(({ access }) => engine.address(access.binding));
    const wide = allocateAll(engine, bytes);
    const convert = (i: number, from: number, to: number): void => {
      engine.bind(0, from);
      engine.bind(1, to);
      copies[i]?.();
    };
    for (let i = 0; i < last; i++) convert(i, addresses[i] as number, wide[i] as number);
    for (const [i, address] of wide.entries()) engine.bind(i, address);
    program();
    convert(last, wide[last] as number, addresses[last] as number);
    for (const address of wide) engine.memory.allocator.release(address);
  };
}

/** Room for all, or for none when it does not suffice. */
function allocateAll({ memory }: Engine, sizes: readonly number[]): number[] {
  const addresses: number[] = [];
  try {
    for (const size of sizes) addresses.push(memory.allocate(size, 'widen'));
    return addresses;
  } catch (error) {
    for (const address of addresses) memory.allocator.release(address);
    throw error;
  }
}
