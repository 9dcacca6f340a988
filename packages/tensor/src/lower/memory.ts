/** Memory inside a plan: values whose lifetimes do not overlap share a place. */
import { mostAlive, type Life } from './life.ts';
import { packed } from './pack.ts';
import { sharing } from './share.ts';

/** The positions of the values that a kernel binds, and which of the bindings it writes. */
export interface Bound {
  readonly buffers: readonly number[];
  readonly writes: readonly number[];
}

/** Where a value lives while a plan runs. */
export interface Place {
  /** Number of the buffer. */
  readonly buffer: number;
  readonly offset: number;
  readonly bytes: number;
}

/** The places of all values inside a plan, and how large each buffer is. */
export interface Temporaries {
  readonly placed: ReadonlyMap<number, Place>;
  readonly sizes: readonly number[];
  /** The largest sum of values, in units of places, that live at the same time: no plan of these kernels needs less. */
  readonly alive: number;
}

const roundUp = (bytes: number, to: number): number => Math.ceil(Math.max(bytes, 1) / to) * to;

/**
 * Places the values that kernels write, in order of running: one that no kernel after it binds, as what it works in, lives
 * as long as it runs. `bytesOf` is undefined for values that live elsewhere. With `parts`,
 * values lie in parts of common buffers; otherwise each has a whole buffer, which others may have before and after.
 */
export function assignTemporaries(
  kernels: readonly Bound[],
  bytesOf: (position: number) => number | undefined,
  parts: boolean,
): Temporaries {
  const last = new Map<number, number>();
  for (const [step, { buffers }] of kernels.entries()) for (const position of buffers) last.set(position, step);
  const lives: Life[] = [];
  const seen = new Set<number>();
  for (const [first, { buffers, writes }] of kernels.entries())
    for (const binding of writes) {
      const position = buffers[binding] as number;
      const bytes = seen.has(position) ? undefined : bytesOf(position);
      seen.add(position);
      // Parts start at cache lines; a multiple of 16 bytes may be read of any value.
      if (bytes !== undefined)
        lives.push({ position, bytes: roundUp(bytes, parts ? 64 : 16), first, last: last.get(position) as number });
    }
  const alive = mostAlive(lives, kernels.length);
  return { ...(parts ? cut(lives, packed(lives, alive)) : whole(lives)), alive };
}

/** Several buffers instead of one where no value lies across: they are easier to find room for. */
function cut(lives: readonly Life[], offsets: Float64Array): Omit<Temporaries, 'alive'> {
  const placed = new Map<number, Place>();
  const sizes: number[] = [];
  let [start, end] = [0, 0];
  const byOffset = [...lives.keys()].toSorted((a, b) => (offsets[a] as number) - (offsets[b] as number));
  for (const at of byOffset) {
    const { position, bytes } = lives[at] as Life;
    const offset = offsets[at] as number;
    if (offset >= end) {
      start = offset;
      sizes.push(0);
    }
    end = Math.max(end, offset + bytes);
    sizes[sizes.length - 1] = end - start;
    placed.set(position, { buffer: sizes.length - 1, offset: offset - start, bytes });
  }
  return { placed, sizes };
}

/** Values in whole buffers. */
function whole(lives: readonly Life[]): Omit<Temporaries, 'alive'> {
  const { buffers, sizes } = sharing(lives);
  const places = lives.map(
    ({ position, bytes }, at) => [position, { buffer: buffers[at] as number, offset: 0, bytes }] as const,
  );
  return { placed: new Map(places), sizes };
}
