/**
 * What is done with finished products: the `finish` function of a contraction.
 */
import type { Binding, LoopInstruction } from '../../../kernel/spec.ts';
import { affine, indexLines, LoopBody } from '../loop/loop-body.ts';
import { packedDeclaration, packedFlush, packedPut, planStores } from '../loop/packed-stores.ts';
import { bufferName, elementsPerWord, plainMode, type StorageMode } from '../wgsl/storage.ts';
import { indent, type WgslModule } from '../wgsl/wgsl-module.ts';
import { wholeEnd, type End } from './ends.ts';

/** Four outputs of a row are finished together. */
const together = 4;

/** The store of an epilogue that does nothing but store f32 rows whole vectors at a time; undefined for any other. */
function vectorStore(
  bindings: readonly Binding[],
  epilogue: readonly LoopInstruction[],
  n: number,
): (LoopInstruction & { readonly kind: 'store' }) | undefined {
  const [value, step] = epilogue;
  if (
    epilogue.length !== 2 ||
    value?.kind !== 'accumulator' ||
    step?.kind !== 'store' ||
    bindings[step.access.binding]?.dtype !== 'f32'
  )
    return undefined;
  const { offset, strides } = step.access;
  const aligned = [offset, ...strides.slice(0, -1), n].every((distance) => distance % together === 0);
  return strides.at(-1) === 1 && aligned ? step : undefined;
}

/** A plan for storing through an epilogue: `modes` for its bindings, and the function itself. */
export interface Finish {
  readonly modes: readonly StorageMode[];
  readonly add: (module: WgslModule, modes: readonly StorageMode[]) => void;
}

/**
 * `finish` as an epilogue over [...batch, m, n]; narrow outputs are packed where rows hold whole words. Rows that have a length
 * end there.
 */
export function epilogueFinish(
  bindings: readonly Binding[],
  epilogue: readonly LoopInstruction[],
  batch: readonly number[],
  n: number,
  end: End = wholeEnd(n),
): Finish {
  const isWhole = end.lines.length === 0 && n % together === 0;
  const store = isWhole ? vectorStore(bindings, epilogue, n) : undefined;
  if (store !== undefined) return vectorFinish(bindings, store, batch);
  const plan = planStores(bindings, epilogue, ({ access }, perWord) => {
    const [last, ...others] = access.strides.toReversed();
    return last === 1 && isWhole && [access.offset, ...others].every((distance) => distance % perWord === 0);
  });
  const add = (module: WgslModule, modes: readonly StorageMode[]): void => {
    const batchIndices = batch.map((_, dimension) => `b${dimension}`);
    const body = new LoopBody(epilogue, {
      module,
      bindings,
      modes,
      indices: [...batchIndices, 'i', 'column'],
      accumulator: 'values[part]',
    });
    const perWordOf = (binding: number): number => elementsPerWord(bindings[binding]?.dtype ?? 'f32');
    const packed = epilogue.flatMap((step, position) =>
      step.kind === 'store' && plan.packed.has(position) ? [{ position, step }] : [],
    );
    const lines = [
      ...end.lines,
      ...indexLines('batch', batch, batchIndices),
      ...packed.map(({ position, step }) => packedDeclaration(position, perWordOf(step.access.binding), together)),
      `for (var part = 0u; part < ${isWhole ? `${together}u` : `min(${together}u, ${end.shown} - j)`}; part++) {`,
      indent([
        'let column = j + part;',
        ...epilogue.flatMap((step, position) =>
          step.kind === 'store' && plan.packed.has(position)
            ? [packedPut(module, position, bindings[step.access.binding] as Binding, body.storedValue(step))]
            : body.lines(position),
        ),
      ]),
      '}',
      ...packed.flatMap(({ position, step }) => {
        const start = affine(step.access.offset, [...batchIndices, 'i', 'j'], step.access.strides);
        return packedFlush(position, step, perWordOf(step.access.binding), together, start, undefined);
      }),
    ];
    module.add(`fn finish(batch: u32, i: u32, j: u32, values: vec4<f32>) {
${indent(lines)}
}`);
  };
  return { modes: plan.modes, add };
}

function vectorFinish(
  bindings: readonly Binding[],
  { access }: LoopInstruction & { readonly kind: 'store' },
  batch: readonly number[],
): Finish {
  const indices = batch.map((_, dimension) => `b${dimension}`);
  return {
    modes: bindings.map(({ dtype }, binding) => (binding === access.binding ? 'vector' : plainMode(dtype))),
    add: (module) =>
      module.add(`fn finish(batch: u32, i: u32, j: u32, values: vec4<f32>) {
${indent([...indexLines('batch', batch, indices), `${bufferName(access.binding)}[(${affine(access.offset, [...indices, 'i', 'j'], access.strides)}) / 4u] = values;`])}
}`),
  };
}

/** `finish` as a plain store into scratch memory, contiguous [batch, m, n], for sums that are cut into parts. */
export function scratchFinish(module: WgslModule, binding: number, m: number, n: number): void {
  module.add(`fn finish(batch: u32, i: u32, j: u32, values: vec4<f32>) {
  for (var part = 0u; part < min(4u, ${n}u - j); part++) {
    ${bufferName(binding)}[(batch * ${m}u + i) * ${n}u + j + part] = values[part];
  }
}`);
}
