/** Tokens as they come, in windows of equal size, several at a time. */
import { check, ruleOf } from '@espalier/tensor/arguments';
import type { Scored } from './protocol.ts';

/** Ids of a text: all of them, or part after part. */
export type Tokens = Int32Array | Iterable<Int32Array> | AsyncIterable<Int32Array>;

const somePart = ruleOf<Int32Array>('an Int32Array of ids', (value) => value instanceof Int32Array);

/** Windows, one behind the other. */
export interface Batch {
  readonly ids: Int32Array<ArrayBuffer>;
  readonly windows: number;
}

/**
 * Windows of a text, up to so many a batch; what is left at the end is less than a window.
 * @param most how many windows are wanted at most
 * @throws {ArgumentError} for a part that is none.
 */
export async function* batchesOf(
  tokens: Tokens,
  chunk: number,
  { operation, batch, most }: { readonly operation: string; readonly batch: number; readonly most: number },
): AsyncGenerator<Batch, void> {
  let ids = new Int32Array(batch * chunk);
  let [filled, given] = [0, 0];
  for await (const part of tokens instanceof Int32Array ? [tokens] : tokens) {
    check(operation, 'a part of the tokens', part, somePart);
    for (let at = 0; at < part.length && given < most;) {
      const wanted = Math.min(batch, most - given) * chunk;
      const taken = part.subarray(at, at + wanted - filled);
      ids.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < wanted) break;
      yield { ids: ids.slice(0, wanted), windows: wanted / chunk };
      given += wanted / chunk;
      ids = new Int32Array(batch * chunk);
      filled = 0;
    }
    if (given >= most) return;
  }
  const windows = Math.floor(filled / chunk);
  if (windows > 0) yield { ids: ids.slice(0, windows * chunk), windows };
}

/** What a model is given of some windows, and what it is to tell, each [windows, …]. */
export function inputsOf(
  { ids, windows }: Batch,
  { chunk, first, count, begins }: Scored,
  begin: number | undefined,
): { readonly shown: Int32Array<ArrayBuffer>; readonly targets: Int32Array<ArrayBuffer> } {
  const shown = ids.slice();
  const targets = new Int32Array(windows * count);
  for (let window = 0; window < windows; window++) {
    const at = window * chunk;
    targets.set(ids.subarray(at + first + 1, at + chunk), window * count);
    if (begins && begin !== undefined) shown[at] = begin;
  }
  return { shown, targets };
}
