/** A product with an encoded matrix as its kernels see it: what is bound where, and the WGSL functions that all of them use. */
import type { Access, Binding, EncodedMatmulSpec, Limit, LoopInstruction } from '../../../kernel/spec.ts';
import { epilogueFinish, scratchFinish } from '../contraction/finish.ts';
import { addMatrixFunctions, matrixOperand, vectorDirection, vectorMode } from '../contraction/matrix-operand.ts';
import type { Contraction } from '../contraction/contraction.ts';
import { endsOf, type Ends } from '../contraction/ends.ts';
import type { Stage } from '../program.ts';
import { declareBuffers, plainMode } from '../wgsl/storage.ts';
import { WgslModule } from '../wgsl/wgsl-module.ts';

/** A spec made ready for kernels; x may be a buffer of the program's own by now. */
export interface EncodedProduct {
  readonly spec: Pick<
    EncodedMatmulSpec,
    'layout' | 'settings' | 'rows' | 'columns' | 'walks' | 'm' | 'parts' | 'activations'
  >;
  /** What is summed over, and how much is finished for each row of x. */
  readonly depth: number;
  readonly width: number;
  readonly bindings: readonly Binding[];
  /** The slot at which each binding is bound; scratch buffers are those from `bound` on. */
  readonly slots: readonly number[];
  readonly bound: number;
  readonly x: Access;
  readonly epilogue: readonly LoopInstruction[];
  /** Where the rows of x end, if that is read; and by which limits. */
  readonly ends: Ends | undefined;
  readonly limits: readonly Limit[] | undefined;
  readonly label: string;
}

/** The product that a spec asks for. */
export function encodedProduct(spec: EncodedMatmulSpec, label: string): EncodedProduct {
  const { rows, columns, walks, out, bindings } = spec;
  const [depth, width] = walks === 'columns' ? [columns, rows] : [rows, columns];
  const access: Access = out ?? { binding: 0, offset: 0, strides: [] };
  const epilogue: readonly LoopInstruction[] = spec.epilogue ?? [
    { kind: 'accumulator', dtype: 'f32' },
    { kind: 'store', access, arg: 0, each: 'row' },
  ];
  return {
    spec,
    depth,
    width,
    bindings,
    slots: bindings.map((_, slot) => slot),
    bound: bindings.length,
    x: spec.x,
    epilogue,
    ends: endsOf({ batch: [], m: spec.m, n: width, k: depth }, spec.limits),
    limits: spec.limits,
    label,
  };
}

/** A stage with slots of the program; `taken` counts the scratch buffers that are no part of the stage's own. */
export function placed(stage: Stage, { slots, bindings, bound }: EncodedProduct, taken: number): Stage {
  return {
    ...stage,
    slots: stage.slots.map(({ slot, writable }) => ({
      slot: slots[slot] ?? bound + taken + slot - bindings.length,
      writable,
    })),
  };
}

/** Whether what follows a product reads its x as well. */
export function readsX({ x, epilogue = [] }: Pick<EncodedMatmulSpec, 'x' | 'epilogue'>): boolean {
  return epilogue.some((step) => 'access' in step && step.access.binding === x.binding);
}

/** The same product of what the first scratch buffer holds: rows of a dtype, a number of elements apart. */
export function onScratch(product: EncodedProduct, dtype: 'f32' | 'u32', apart: number): EncodedProduct {
  const { bindings, slots, x, bound } = product;
  const added: Binding = { dtype, access: 'read' };
  const keepsX = readsX(product);
  const put = <T>(list: readonly T[], item: T): T[] =>
    keepsX ? [...list, item] : list.map((old, binding) => (binding === x.binding ? item : old));
  return {
    ...product,
    bindings: put(bindings, added),
    slots: put(slots, bound),
    x: { binding: keepsX ? bindings.length : x.binding, offset: 0, strides: [apart, 1] },
  };
}

/**
 * A module in which x is `left`, if it is of f32, `origin()` is 0, and `finish` takes finished sums: to the epilogue, or to
 * scratch memory if there are several parts of each.
 */
export interface ProductModule extends Pick<Contraction, 'module' | 'slots' | 'leftVector'> {
  readonly title: string;
}

/** Begins the module of a stage. */
export function productModule(product: EncodedProduct, splits = 1): ProductModule {
  const { bindings, epilogue, width, spec, x, label } = product;
  const module = new WgslModule();
  const left = matrixOperand('left', x, bindings, [], spec.m);
  const finish = epilogueFinish(bindings, epilogue, [], width);
  const modes = splits === 1 ? [...finish.modes] : bindings.map(({ dtype }) => plainMode(dtype));
  const direction = vectorDirection(left);
  if (direction !== 'none') modes[left.binding] = vectorMode(left);
  const scratch: Binding[] = splits === 1 ? [] : [{ dtype: 'f32', access: 'write' }];
  const bound = [
    ...(splits === 1 ? bindings : bindings.map((binding): Binding => ({ ...binding, access: 'read' }))),
    ...scratch,
  ];
  declareBuffers(module, bound, modes);
  // Always 0, which the driver does not know: it unrolls loops whose length it sees, and then compiles for seconds.
  module.add(`fn origin() -> u32 {
  return u32(arrayLength(&buffer0) == 0u);
}`);
  if (bindings[left.binding]?.dtype === 'f32')
    addMatrixFunctions(module, 'left', left, modes[left.binding] ?? 'element', direction);
  if (splits === 1) finish.add(module, modes);
  else scratchFinish(module, bindings.length, spec.m, width);
  return {
    module,
    slots: bound.map(({ access }, slot) => ({ slot, writable: access !== 'read' })),
    leftVector: direction === 'side' ? 'rows' : direction,
    title: label,
  };
}
