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
  return unwritten(below, made);
}

/** What is to be written, as if it were in a file already. */
export function unwritten(
  { format, name: file, metadata }: TensorSource,
  made: ReadonlyMap<string, WrittenTensor>,
): TensorSource {
  return {
    format,
    name: file,
    tensors: new Map<string, TensorEntry>(made),
    ties: new Map(),
    metadata,
    read: wholeReads(
      (name) => made.get(name) as WrittenTensor,
      (name) => wholeBytes(made.get(name) as WrittenTensor),
    ),
    close: () => Promise.resolve(),
  };
}

/** A file in which some tensors are those of others, which have them under the same name. */
export function overlaid(below: TensorSource, above: ReadonlyMap<string, TensorSource>): TensorSource {
  const entries = [...above].map(([name, { tensors }]) => [name, tensors.get(name) as TensorEntry] as const);
  return {
    ...below,
    tensors: new Map([...below.tensors, ...entries]),
    read: (name, ...more) => (above.get(name) ?? below).read(name, ...more),
  };
}

/**
 * Some rows of a matrix, or elements of a bias, of a file, in the order that they are asked for; nothing else of the file is read.
 * @throws {ArgumentError} for a row that the matrix does not have.
 */
export function rowsOf(source: TensorSource, name: string, rows: readonly number[]): TensorSource {
  const { dtype, shape, bytes } = source.tensors.get(name) as TensorEntry;
  const [count = 1, ...columns] = shape;
  const rowBytes = bytes / count;
  const wrong = rows.find((row) => !(row >= 0 && row < count));
  if (wrong !== undefined)
    throw new ArgumentError('compressModel', `${wrong} is no id; the model has ${count}, from 0 on`);
  const entry: TensorEntry = { dtype, shape: [rows.length, ...columns], bytes: rows.length * rowBytes };
  return {
    ...source,
    tensors: new Map([[name, entry]]),
    read: async (_, range = { begin: 0, end: entry.bytes }, reuse) => {
      const { begin, end } = range;
      const out = new Uint8Array(reuse ?? new ArrayBuffer(end - begin), 0, end - begin);
      for (let at = begin; at < end;) {
        const [index, within] = [Math.floor(at / rowBytes), at % rowBytes];
        // Rows that follow each other in the file, too, are read at once.
        let last = index;
        while ((last + 1) * rowBytes < end && rows[last + 1] === (rows[last] as number) + 1) last++;
        const size = Math.min((last + 1 - index) * rowBytes - within, end - at);
        const from = (rows[index] as number) * rowBytes + within;
        out.set(await source.read(name, { begin: from, end: from + size }), at - begin);
        at += size;
      }
      return out;
    },
  };
}
