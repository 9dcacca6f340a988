/** Opens GGUF files: one, or the parts of one. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { readBytes, type ByteSource } from '@espalier/nn/format';
import { locatedSource, type LocatedTensor } from '../../tensors/located.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import type { OpenOptions } from '../container.ts';
import { Cursor, NeedsMore } from './cursor.ts';
import { metadataOf, typesKey } from './metadata.ts';
import { readHeader, type GgufHeader, type TypedValue } from './read-header.ts';

/** How much of a file is read at first: of most, the vocabulary is in it. */
const firstBytes = 2 ** 21;
/** No header is larger: that of a vocabulary of a million words has 50 MB. */
const mostBytes = 2 ** 29;

/**
 * Reads the header of a file, as much of it as there is.
 * @throws {FormatError} naming the place, for what is damaged.
 */
export async function headerOf(source: ByteSource): Promise<GgufHeader> {
  let end = Math.min(firstBytes, source.size);
  for (;;) {
    const bytes = await readBytes(source, 0, end, 'the header');
    try {
      return readHeader(new Cursor(source.name, source.size, bytes));
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
      if (error.end > mostBytes)
        throw new FormatError(source.name, end, `has a header of more than ${mostBytes} bytes`);
      end = Math.min(source.size, Math.max(8 * end, error.end));
    }
  }
}

/**
 * Opens a file; of one in several parts any part, the others being found beside it. What it says in pairs is the metadata
 * (`metadata.ts` says how), without what is about the parts.
 * @throws {FormatError} for what is damaged, and for parts that are not there or of another file.
 */
export async function openGguf(source: ByteSource, { sibling }: OpenOptions = {}): Promise<TensorSource> {
  const header = await headerOf(source);
  if (header.pairs.has(typesKey))
    throw new FormatError(source.name, 0, `has the key ${typesKey}, which is kept for types`);
  const count = numberOf(header.pairs, 'split.count') ?? 1;
  if (count <= 1)
    return locatedSource({
      format: 'gguf',
      name: source.name,
      tensors: new Map(locate(source, header)),
      metadata: metadataOf(header.pairs),
      sources: [source],
    });
  return openParts(source, header, count, sibling);
}

function locate(source: ByteSource, { tensors, start }: GgufHeader): [string, LocatedTensor][] {
  return [...tensors].map(([name, { dtype, shape, bytes, offset }]) => [
    name,
    { dtype, shape, bytes, source, offset: start + offset },
  ]);
}

function numberOf(pairs: ReadonlyMap<string, TypedValue>, key: string): number | undefined {
  const value = pairs.get(key)?.value;
  return typeof value === 'number' ? value : undefined;
}

/** `NAME-00002-of-00003.gguf` */
const partName = /^(?<stem>.*)-\d{5}-of-\d{5}\.gguf$/u;

async function openParts(
  source: ByteSource,
  header: GgufHeader,
  count: number,
  sibling: OpenOptions['sibling'],
): Promise<TensorSource> {
  const fail = (problem: string): never => {
    throw new FormatError(source.name, 0, problem);
  };
  const own = numberOf(header.pairs, 'split.no');
  const stem = partName.exec(source.name.split(/[/\\]/u).at(-1) ?? '')?.groups?.['stem'];
  if (own === undefined || own < 0 || own >= count || count > 99_999) fail(`says that it is part ${own} of ${count}`);
  if (stem === undefined) fail(`is one of ${count} parts, and no name such as NAME-00001-of-00003.gguf says which`);
  if (!sibling) return fail(`is one of ${count} parts; open it by its path (openTensorFile), or give \`sibling\``);
  const opened: ByteSource[] = [];
  try {
    const tensors = new Map<string, LocatedTensor>();
    let first = header;
    for (let no = 0; no < count; no++) {
      const digits = (value: number): string => String(value).padStart(5, '0');
      const name = `${stem}-${digits(no + 1)}-of-${digits(count)}.gguf`;
      const part = no === own ? source : ((await sibling(name)) ?? fail(`needs ${showName(name)}, which is not there`));
      if (part !== source) opened.push(part);
      const found = part === source ? header : await headerOf(part);
      if (numberOf(found.pairs, 'split.no') !== no || numberOf(found.pairs, 'split.count') !== count)
        fail(`needs ${showName(name)} to be part ${no} of ${count}, counted from 0, which that does not say it is`);
      if (no === 0) first = found;
      for (const [tensor, place] of locate(part, found)) {
        if (tensors.has(tensor)) fail(`has ${showName(tensor)} in two of its parts`);
        tensors.set(tensor, place);
      }
    }
    const total = numberOf(header.pairs, 'split.tensors.count');
    if (total !== undefined && total !== tensors.size)
      fail(`says it has ${total} tensors; its parts have ${tensors.size}`);
    const pairs = [...first.pairs].filter(([key]) => !key.startsWith('split.'));
    return locatedSource({
      format: 'gguf',
      name: source.name,
      tensors,
      metadata: metadataOf(new Map(pairs)),
      sources: [source, ...opened],
    });
  } catch (error) {
    for (const each of opened) await each.close();
    throw error;
  }
}
