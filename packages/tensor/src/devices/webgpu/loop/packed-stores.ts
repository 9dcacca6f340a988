/**
 * Stores into dtypes narrower than a word. Where a store walks its buffer element after element, one invocation takes
 * as many neighbouring points as share a word and writes the word whole; any other store goes through atomics.
 */
import type { Access, Binding, LoopInstruction } from '../../../kernel/spec.ts';
import { at, contiguousStrides } from '../numbers.ts';
import { bufferName, elementsPerWord, packedBits, plainMode, type StorageMode } from '../wgsl/storage.ts';
import type { WgslModule } from '../wgsl/wgsl-module.ts';

type Store = LoopInstruction & { readonly kind: 'store' };

/** What a loop stores: which steps are packed, the mode of every binding, and how many points one invocation takes. */
export interface StorePlan {
  readonly packed: ReadonlySet<number>;
  readonly modes: readonly StorageMode[];
  readonly pointsTogether: number;
}

/** Decides for every store by `mayPack`, which knows the kernel's order of points. */
export function planStores(
  bindings: readonly Binding[],
  body: readonly LoopInstruction[],
  mayPack: (store: Store, perWord: number) => boolean,
): StorePlan {
  const modes = bindings.map((binding) => plainMode(binding.dtype));
  const packed = new Set<number>();
  let pointsTogether = 1;
  for (const [position, step] of body.entries()) {
    if (step.kind !== 'store') continue;
    const dtype = bindings[step.access.binding]?.dtype ?? 'f32';
    const perWord = elementsPerWord(dtype);
    if (perWord === 1) continue;
    const alone =
      body.filter((other) => other.kind === 'store' && other.access.binding === step.access.binding).length === 1;
    if (alone && !step.displaced && mayPack(step, perWord)) {
      packed.add(position);
      pointsTogether = Math.max(pointsTogether, perWord);
    } else modes[step.access.binding] = 'atomic';
  }
  return { packed, modes, pointsTogether };
}

/** True if an access over `sizes` visits consecutive elements, the first at a multiple of `unit`. */
export function isContiguous(access: Access, sizes: readonly number[], unit: number): boolean {
  return (
    access.offset % unit === 0 &&
    contiguousStrides(sizes).every((stride, dimension) => at(access.strides, dimension) === stride)
  );
}

/** The name of the words that a packed store gathers. */
export function packedName(position: number): string {
  return `words${position}`;
}

/** Declares the words of a packed store. */
export function packedDeclaration(position: number, perWord: number, pointsTogether: number): string {
  return `var ${packedName(position)} = array<u32, ${pointsTogether / perWord}>();`;
}

/** Adds one value to the words; `part` numbers the point within the invocation. */
export function packedPut(module: WgslModule, position: number, binding: Binding, value: string): string {
  const perWord = elementsPerWord(binding.dtype);
  const bits = 32 / perWord;
  return `${packedName(position)}[part / ${perWord}u] |= ${packedBits(module, binding.dtype, value)} << (part % ${perWord}u * ${bits}u);`;
}

/**
 * Writes the words. `start` is the element at which they begin, `left` how many of the points are inside the tensor
 * (undefined if always all): the elements after the last one in its word keep their value.
 */
export function packedFlush(
  position: number,
  store: Store,
  perWord: number,
  pointsTogether: number,
  start: string,
  left: string | undefined,
): string[] {
  const buffer = bufferName(store.access.binding);
  const bits = 32 / perWord;
  const words = Array.from({ length: pointsTogether / perWord }, (_, word) => word);
  return words.flatMap((word) => {
    const target = `${buffer}[${start.includes(' ') ? `(${start})` : start} / ${perWord}u${word === 0 ? '' : ` + ${word}u`}]`;
    const value = `${packedName(position)}[${word}]`;
    if (left === undefined) return [`${target} = ${value};`];
    return [
      `if (${left} >= ${(word + 1) * perWord}u) {`,
      `  ${target} = ${value};`,
      `} else if (${left} > ${word * perWord}u) {`,
      `  let kept = 0xffffffffu << (${word === 0 ? left : `(${left} - ${word * perWord}u)`} * ${bits}u);`,
      `  ${target} = (${target} & kept) | ${value};`,
      '}',
    ];
  });
}
