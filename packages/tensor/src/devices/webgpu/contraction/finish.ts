/**
 * What is done with finished products: the `finish` function of a contraction.
 */
import type { Binding, LoopInstruction } from '../../../kernel/spec.ts';
import { affine, indexLines, LoopBody } from '../loop/loop-body.ts';
import { packedDeclaration, packedFlush, packedPut, planStores } from '../loop/packed-stores.ts';
import { bufferName, elementsPerWord, type StorageMode } from '../wgsl/storage.ts';
import { indent, type WgslModule } from '../wgsl/wgsl-module.ts';

/** Four outputs of a row are finished together. */
const together = 4;

/** A plan for storing through an epilogue: `modes` for its bindings, and the function itself. */
export interface Finish {
  readonly modes: readonly StorageMode[];
  readonly add: (module: WgslModule, modes: readonly StorageMode[]) => void;
}

/** `finish` as an epilogue over [...batch, m, n]; narrow outputs are packed where rows hold whole words. */
export function epilogueFinish(bindings: readonly Binding[], epilogue: readonly LoopInstruction[], batch: readonly number[], n: number): Finish {
  const plan = planStores(bindings, epilogue, ({ access }, perWord) => {
    const [last, ...others] = [...access.strides].reverse();
    return last === 1 && n % together === 0 && [access.offset, ...others].every((distance) => distance % perWord === 0);
  });
  const add = (module: WgslModule, modes: readonly StorageMode[]): void => {
    const batchIndices = batch.map((_, dimension) => `b${dimension}`);
    const body = new LoopBody(epilogue, { module, bindings, modes, indices: [...batchIndices, 'i', 'column'], accumulator: 'values[part]' });
    const perWordOf = (binding: number): number => elementsPerWord(bindings[binding]?.dtype ?? 'f32');
    const packed = epilogue.flatMap((step, position) => (step.kind === 'store' && plan.packed.has(position) ? [{ position, step }] : []));
    const lines = [
      ...indexLines('batch', batch, batchIndices),
      ...packed.map(({ position, step }) => packedDeclaration(position, perWordOf(step.access.binding), together)),
      `for (var part = 0u; part < ${n % together === 0 ? `${together}u` : `min(${together}u, ${n}u - j)`}; part++) {`,
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

/** `finish` as a plain store into scratch memory, contiguous [batch, m, n], for sums that are cut into parts. */
export function scratchFinish(module: WgslModule, binding: number, m: number, n: number): void {
  module.add(`fn finish(batch: u32, i: u32, j: u32, values: vec4<f32>) {
  for (var part = 0u; part < min(4u, ${n}u - j); part++) {
    ${bufferName(binding)}[(batch * ${m}u + i) * ${n}u + j + part] = values[part];
  }
}`);
}
