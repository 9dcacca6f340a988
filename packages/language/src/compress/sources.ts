/** Files of tensors made of others. */
import { convertedTensor, wholeReads, type TensorEntry, type TensorSource, type WrittenTensor } from '@espalier/models';
import { ArgumentError } from '@espalier/tensor';

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
  return {
    format: below.format,
    name: below.name,
    tensors: new Map<string, TensorEntry>(made),
    ties: new Map(),
    metadata: below.metadata,
    read: wholeReads(
      (name) => made.get(name) as WrittenTensor,
      (name) => wholeBytes(made.get(name) as WrittenTensor),
    ),
    close: () => Promise.resolve(),
  };
}

/**
 * Some rows of a matrix of a file, in the order that they are asked for; nothing else of the file is read.
 * @throws {ArgumentError} for a row that the matrix does not have.
 */
export function rowsOf(source: TensorSource, name: string, rows: readonly number[]): TensorSource {
  const { dtype, shape, bytes } = source.tensors.get(name) as TensorEntry;
  const [count = 1, columns = 1] = shape;
  const rowBytes = bytes / count;
  const wrong = rows.find((row) => !(row >= 0 && row < count));
  if (wrong !== undefined)
    throw new ArgumentError('compressModel', `${wrong} is no id; the model has ${count}, from 0 on`);
  const entry: TensorEntry = { dtype, shape: [rows.length, columns], bytes: rows.length * rowBytes };
  return {
    ...source,
    tensors: new Map([[name, entry]]),
    read: async (_, range = { begin: 0, end: entry.bytes }, reuse) => {
      const { begin, end } = range;
      const out = new Uint8Array(reuse ?? new ArrayBuffer(end - begin), 0, end - begin);
      for (let at = begin; at < end;) {
        const [index, within] = [Math.floor(at / rowBytes), at % rowBytes];
        const size = Math.min(rowBytes - within, end - at);
        const from = (rows[index] as number) * rowBytes + within;
        out.set(await source.read(name, { begin: from, end: from + size }), at - begin);
        at += size;
      }
      return out;
    },
  };
}
