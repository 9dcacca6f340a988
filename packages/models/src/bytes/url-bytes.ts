/** Bytes on a server, read by ranges of HTTP: what is looked at of a file is what crosses the network. */
import { FormatError } from '@espalier/nn';
import type { ByteSource } from '@espalier/nn/format';
import { aText, check } from '@espalier/tensor/arguments';

/** What is used here of the host's `fetch`. */
interface Fetched {
  readonly status: number;
  readonly headers: { readonly get: (name: string) => string | null };
  readonly body: { readonly cancel: () => Promise<void> } | null;
  arrayBuffer(): Promise<ArrayBuffer>;
}
type Fetch = (address: string, init: { readonly headers: Readonly<Record<string, string>> }) => Promise<Fetched>;

/**
 * Ranges are of whole blocks of so many bytes, and so many of these are kept, those at the ends of what was read: tensors lie one
 * behind the other, small ones between large ones.
 */
const [blockBytes, mostKept] = [2 ** 20, 16];

type Bytes = Uint8Array<ArrayBuffer>;

/** What an answer says of the file: how large it is, and which state of it was read. */
interface Answer {
  readonly begin: number;
  readonly size: number;
  readonly state: string | null;
  readonly bytes: Bytes;
}

/** The first byte of a range and the size of all; of a range that is outside, the size alone. */
const rangePattern = /^bytes (?:(?<begin>\d+)-\d+|\*)\/(?<size>\d+)$/u;

async function ask(url: string, begin: number, end: number): Promise<Answer> {
  const { fetch } = globalThis as unknown as { readonly fetch: Fetch };
  const answer = await fetch(url, { headers: { range: `bytes=${begin}-${end - 1}` } }).catch((error: unknown) => {
    throw new FormatError(url, begin, `cannot be fetched: ${error instanceof Error ? error.message : String(error)}`);
  });
  const refuse = async (problem: string): Promise<never> => {
    await answer.body?.cancel();
    throw new FormatError(url, begin, problem);
  };
  if (answer.status === 200)
    return refuse(
      'the server gives the whole, and no range of it: use a server that knows Range, or open a local copy',
    );
  if (answer.status !== 206 && answer.status !== 416) return refuse(`the server answers with ${answer.status}`);
  const said = rangePattern.exec(answer.headers.get('content-range') ?? '')?.groups;
  if (said?.['size'] === undefined)
    return refuse(
      'the server does not say which range it gives: Content-Range is missing, or not shown to other origins',
    );
  const isEmpty = answer.status === 416;
  if (isEmpty) await answer.body?.cancel();
  return {
    begin: isEmpty ? begin : Number(said['begin']),
    size: Number(said['size']),
    state: answer.headers.get('etag') ?? answer.headers.get('last-modified'),
    bytes: isEmpty ? new Uint8Array(0) : new Uint8Array(await answer.arrayBuffer()),
  };
}

/**
 * Opens a file on a server that answers ranges, by `fetch`.
 * @throws {FormatError} with the address for an answer that is no range, also later, and for a file that was changed since.
 *
 * @example
 * const file = await openTensors(await urlBytes('https://example.org/model.gguf'));
 */
export async function urlBytes(url: string): Promise<ByteSource> {
  check('urlBytes', 'url', url, aText);
  const first = await ask(url, 0, blockBytes);
  const { size, state } = first;
  /** Blocks by their numbers, the one used last at the end. */
  const kept = new Map([[0, first.bytes]]);
  const range = async (begin: number, end: number): Promise<Bytes> => {
    const answer = await ask(url, begin, end);
    const { bytes } = answer;
    if (answer.size !== size || answer.state !== state)
      throw new FormatError(url, begin, 'was changed while it was read: open it again');
    if (answer.begin !== begin || bytes.length !== end - begin)
      throw new FormatError(
        url,
        begin,
        `the server gives ${bytes.length} bytes from ${answer.begin} on, not ${end - begin}`,
      );
    return bytes;
  };
  const keep = (block: number, bytes: Bytes): void => {
    kept.delete(block);
    kept.set(block, bytes);
    const [oldest] = kept.keys();
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  };
  return {
    name: url,
    size,
    read: async (offset, length) => {
      const end = offset + length;
      const found = new Uint8Array(length);
      for (let at = offset; at < end;) {
        const block = Math.floor(at / blockBytes);
        const begin = block * blockBytes;
        const known = kept.get(block);
        if (known) keep(block, known);
        const last = known ? block : lastMissing(kept, block, Math.floor((end - 1) / blockBytes));
        const bytes = known ?? (await range(begin, Math.min(size, (last + 1) * blockBytes)));
        const part = bytes.subarray(at - begin, end - begin);
        found.set(part, at - offset);
        at += part.length;
        if (known) continue;
        for (const each of new Set([block, last])) {
          const from = (each - block) * blockBytes;
          keep(each, bytes.slice(from, from + blockBytes));
        }
      }
      return found;
    },
    close: async () => kept.clear(),
  };
}

/** The last of the blocks from one on that are not kept, up to another: one request is for all of them. */
function lastMissing(kept: ReadonlyMap<number, Bytes>, from: number, to: number): number {
  let last = from;
  while (last < to && !kept.has(last + 1)) last++;
  return last;
}
