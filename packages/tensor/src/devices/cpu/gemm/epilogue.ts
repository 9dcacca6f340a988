/**
 * What is done with the elements of a product, block by block while they are in a cache: the loop of its epilogue over a block
 * that is finished. Sums lie where the epilogue puts its result, which overwrites them.
 */
import { dtypes } from '../../../dtype/dtype.ts';
import { collapse } from '../../../kernel/collapse.ts';
import type { Access, Binding, LoopInstruction, LoopSpec, MatmulSpec } from '../../../kernel/spec.ts';
import type { ScalarOp } from '../../../scalar/instructions.ts';
import type { Engine, LoopCalls } from '../engine.ts';
import { placesOf } from './places.ts';

/** Finishes rows `i` up to `i + rows` by columns `j` up to `j + columns` at a place of the batch. */
export type Finish = (place: number, i: number, j: number, rows: number, columns: number) => void;

/** What only the host computes for some arguments: threads could not take part in the product. */
const ofTheHost: ReadonlySet<ScalarOp> = new Set(['rem', 'pow', 'sin', 'cos', 'atan']);

/** Whether the steps of an epilogue are the same wherever a block begins, and can be done by any thread. */
function isForBlocks(step: LoopInstruction): boolean {
  if (step.kind === 'index' || step.kind === 'gather') return false;
  if (step.kind === 'store') return step.displaced === undefined;
  return step.dtype !== 'f64' && !(step.kind === 'scalar' && ofTheHost.has(step.op));
}

/**
 * Where sums can lie until they are finished: what an epilogue stores as f32 once it has read them, and reads nothing from.
 * Undefined if there is no such place, or the epilogue is not one for blocks.
 */
export function placeOfSums({ bindings, batch, epilogue = [] }: MatmulSpec): Access | undefined {
  if (!epilogue.every(isForBlocks)) return undefined;
  const rank = batch.length;
  const read = epilogue.findIndex(({ kind }) => kind === 'accumulator');
  for (const step of epilogue.slice(read + 1)) {
    if (step.kind !== 'store') continue;
    const { dtype, access } = bindings[step.access.binding] as Binding;
    if (dtype === 'f32' && access === 'write' && step.access.strides.slice(rank).includes(1)) return step.access;
  }
  return undefined;
}

/** The epilogue of a product whose sums lie at `out`; does nothing if there is none. */
export function finishOf(spec: MatmulSpec, engine: Engine): Finish {
  const { epilogue, bindings } = spec;
  if (!epilogue) return () => {};
  const rank = spec.batch.length;
  const dtypeOf = ({ binding }: Access): Binding['dtype'] => (bindings[binding] as Binding).dtype;
  // Each access is a binding of its own: where its block begins is part of its address.
  const accesses: Access[] = [];
  const owned: Binding[] = [];
  const own = (access: Access, how: Binding['access']): Access => {
    accesses.push(access);
    return {
      binding: owned.push({ dtype: dtypeOf(access), access: how }) - 1,
      offset: 0,
      strides: access.strides.slice(rank),
    };
  };
  const body = epilogue.map((step): LoopInstruction => {
    if (step.kind === 'accumulator')
      return { kind: 'load', access: own(spec.out as Access, 'read'), dtype: step.dtype };
    if (step.kind === 'load') return { ...step, access: own(step.access, 'read') };
    return step.kind === 'store' ? { ...step, access: own(step.access, 'write') } : step;
  });
  const { offsets } = placesOf(spec, rank, accesses);
  const loops = new Map<string, LoopCalls>();
  const loopOver = (rows: number, columns: number): LoopCalls => {
    const key = `${rows} ${columns}`;
    const known = loops.get(key);
    if (known) return known;
    const loop: LoopSpec = { kind: 'loop', bindings: owned, outer: [rows, columns], inner: [], body };
    const made = engine.loop(collapse(loop));
    loops.set(key, made);
    return made;
  };
  return (place, i, j, rows, columns) => {
    const addresses = accesses.map((access, at) => {
      const [row = 0, column = 0] = access.strides.slice(rank);
      const elements = (offsets[at]?.[place] as number) / 4 + i * row + j * column;
      return engine.address(access.binding) + elements * dtypes[dtypeOf(access)].bytes;
    });
    loopOver(rows, columns).whole(...addresses);
  };
}
