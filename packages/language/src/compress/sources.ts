/** Files of tensors made of others. */
import { convertedTensor, type TensorEntry, type TensorSource, type WrittenTensor } from '@espalier/models';

/** The bytes of what is to be written, whole. */
export async function wholeBytes({ bytes, values }: WrittenTensor): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for await (const piece of values()) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Some tensors of a file, each in a type, and those of another in their place where that has them. */
export function retyped(
  below: TensorSource,
  above: TensorSource | undefined,
  typeOf: (own: string) => string | undefined,
): TensorSource {
  const made = new Map<string, WrittenTensor>();
  for (const name of below.tensors.keys()) {
    const type = typeOf(name);
    if (type !== undefined) made.set(name, convertedTensor(above?.tensors.has(name) ? above : below, name, type));
  }
  let last: { readonly name: string; readonly bytes: Promise<Uint8Array<ArrayBuffer>> } | undefined;
  return {
    format: below.format,
    name: below.name,
    tensors: new Map<string, TensorEntry>(made),
    ties: new Map(),
    metadata: below.metadata,
    read: async (name, range, reuse) => {
      const tensor = made.get(name) as WrittenTensor;
      // Pieces of one tensor are asked for one after the other.
      if (last?.name !== name) last = { name, bytes: wholeBytes(tensor) };
      const { begin, end } = range ?? { begin: 0, end: tensor.bytes };
      const part = (await last.bytes).slice(begin, end);
      if (!reuse) return part;
      const into = new Uint8Array(reuse, 0, part.length);
      into.set(part);
      return into;
    },
    close: () => Promise.resolve(),
  };
}
