/**
 * Storage buffers in WGSL: how each dtype is declared, loaded and stored.
 */
import { dtypes, type ComputeDType, type DType } from '../../../dtype/dtype.ts';
import { InternalError } from '../../../errors.ts';
import type { Binding } from '../../../kernel/spec.ts';
import type { WgslModule } from './wgsl-module.ts';

/**
 * `element`: one array element per tensor element (32-bit dtypes). `vector`: four 32-bit elements per array element.
 * `packed`: several narrow elements per u32; an invocation that stores owns whole words. `atomic`: the same memory,
 * written element by element from any invocation.
 */
export type StorageMode = 'element' | 'vector' | 'packed' | 'atomic';

/** How many elements of a dtype share one 32-bit word. */
export function elementsPerWord(dtype: DType): number {
  return dtypes[dtype].bytes >= 4 ? 1 : 4 / dtypes[dtype].bytes;
}

/** The mode in which any element can be read, and in which whole words can be written. */
export function plainMode(dtype: DType): StorageMode {
  return elementsPerWord(dtype) === 1 ? 'element' : 'packed';
}

/** The WGSL name of the buffer at a binding. */
export function bufferName(binding: number): string {
  return `buffer${binding}`;
}

const modeTypes: Readonly<Record<StorageMode, (compute: ComputeDType) => string>> = {
  element: (compute) => compute,
  vector: (compute) => `vec4<${compute}>`,
  packed: () => 'u32',
  atomic: () => 'atomic<u32>',
};

/** Declares the storage buffers of a stage, bound in order. */
export function declareBuffers(module: WgslModule, bindings: readonly Binding[], modes: readonly StorageMode[]): void {
  for (const [index, binding] of bindings.entries()) {
    const mode = modes[index] ?? plainMode(binding.dtype);
    const access = binding.access === 'read' ? 'read' : 'read_write';
    const type = modeTypes[mode](dtypes[binding.dtype].compute);
    module.declare(
      `@group(0) @binding(${index}) var<storage, ${access}> ${bufferName(index)}: array<${type}>; // ${binding.dtype}`,
    );
  }
}

/** The statements that load the element at `position` (an expression) and name it. */
export function loadLines(
  module: WgslModule,
  target: { readonly binding: number; readonly dtype: DType; readonly mode: StorageMode },
  position: string,
  name: string,
): string[] {
  const buffer = bufferName(target.binding);
  if (target.mode === 'element') return [`let ${name} = ${buffer}[${position}];`];
  if (target.mode === 'vector') {
    return [`let ${name}_at = ${position};`, `let ${name} = ${buffer}[${name}_at >> 2u][${name}_at & 3u];`];
  }
  const word = `${buffer}[${name}_at >> ${Math.log2(elementsPerWord(target.dtype))}u]`;
  const unpack = module.use(`unpack_${target.dtype}`);
  return [
    `let ${name}_at = ${position};`,
    `let ${name} = ${unpack}(${target.mode === 'atomic' ? `atomicLoad(&${word})` : word}, ${name}_at);`,
  ];
}

/** The bits of one narrow element, unshifted. */
export function packedBits(module: WgslModule, dtype: DType, value: string): string {
  return `${module.use(`pack_${dtype}`)}(${value})`;
}

/** The statements that store one element; narrow dtypes need the `atomic` mode. */
export function storeLines(
  module: WgslModule,
  target: { readonly binding: number; readonly dtype: DType; readonly mode: StorageMode },
  position: string,
  value: string,
): string[] {
  const buffer = bufferName(target.binding);
  if (target.mode === 'element') return [`${buffer}[${position}] = ${value};`];
  if (target.mode !== 'atomic')
    throw new InternalError('webgpu', `a single ${target.dtype} element cannot be stored into a ${target.mode} buffer`);
  const perWord = elementsPerWord(target.dtype);
  const bits = 32 / perWord;
  // Two steps, each of which leaves the neighbours' bits alone whatever their invocations do in between.
  return [
    '{',
    `  let position = ${position};`,
    `  let shift = (position & ${perWord - 1}u) * ${bits}u;`,
    `  let word = position >> ${Math.log2(perWord)}u;`,
    `  atomicAnd(&${buffer}[word], ~(${2 ** bits - 1}u << shift));`,
    `  atomicOr(&${buffer}[word], ${packedBits(module, target.dtype, value)} << shift);`,
    '}',
  ];
}
