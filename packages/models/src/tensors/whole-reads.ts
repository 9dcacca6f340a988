/** Tensors that can only be had whole, for who asks for them a piece after the other. */
import type { TensorEntry, TensorSource } from './tensor-source.ts';

/**
 * What reads ranges of tensors that are had whole: the last one is kept, as pieces of one tensor are asked for one after the other.
 * @param entryOf what there is of a name
 * @param whole its bytes
 */
export function wholeReads(
  entryOf: (name: string) => Pick<TensorEntry, 'bytes'>,
  whole: (name: string) => Promise<Uint8Array<ArrayBuffer>>,
): TensorSource['read'] {
  let last: { readonly name: string; readonly bytes: Promise<Uint8Array<ArrayBuffer>> } | undefined;
  return async (name, range, reuse) => {
    const { begin, end } = range ?? { begin: 0, end: entryOf(name).bytes };
    if (last?.name !== name) last = { name, bytes: whole(name) };
    const part = (await last.bytes).slice(begin, end);
    if (!reuse) return part;
    const into = new Uint8Array(reuse, 0, part.length);
    into.set(part);
    return into;
  };
}
