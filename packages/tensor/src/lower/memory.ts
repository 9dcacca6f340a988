/** Memory inside a plan: values whose lifetimes do not overlap share a place. */
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
}

/** A value from the kernel that makes it to the last that reads it. */
interface Life {
  readonly position: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
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
  return parts ? pack(lives) : share(lives);
}

/**
 * The largest first, each at the smallest gap between those placed before that live at the same time. Source: Y. Pisarchyk
 * and J. Lee, "Efficient memory management for deep neural net inference" (2020), greedy by size.
 */
function pack(lives: readonly Life[]): Temporaries {
  const order = lives.toSorted((a, b) => b.bytes - a.bytes || a.first - b.first);
  /** Those placed so far, by their offsets. */
  const placed: Life[] = [];
  const offsets: number[] = [];
  for (const life of order) {
    let [end, best, smallest, at] = [0, -1, Number.POSITIVE_INFINITY, 0];
    for (let i = 0; i < placed.length; i++) {
      const other = placed[i] as Life;
      if (other.first > life.last || other.last < life.first) continue;
      const offset = offsets[i] as number;
      const gap = offset - end;
      if (gap >= life.bytes && gap < smallest) [best, smallest] = [end, gap];
      if (offset + other.bytes > end) end = offset + other.bytes;
    }
    const offset = best < 0 ? end : best;
    while (at < offsets.length && (offsets[at] as number) <= offset) at++;
    placed.splice(at, 0, life);
    offsets.splice(at, 0, offset);
  }
  return cut(placed.map(({ position, bytes }, i) => ({ position, bytes, offset: offsets[i] as number })));
}

/** Several buffers instead of one where no value lies across: they are easier to find room for. */
function cut(all: readonly { position: number; offset: number; bytes: number }[]): Temporaries {
  const placed = new Map<number, Place>();
  const sizes: number[] = [];
  let [start, end] = [0, 0];
  for (const { position, offset, bytes } of all) {
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

/** A value takes the smallest free buffer that holds it, else the largest free one grows, else a new one is made. */
function share(lives: readonly Life[]): Temporaries {
  const placed = new Map<number, Place>();
  const sizes: number[] = [];
  const busyUntil: number[] = [];
  for (const { position, bytes, first, last } of lives) {
    let chosen = -1;
    for (const [buffer, size] of sizes.entries()) {
      if ((busyUntil[buffer] as number) >= first) continue;
      const current = sizes[chosen] ?? 0;
      const better = size >= bytes ? current < bytes || size < current : size > current;
      if (chosen < 0 || better) chosen = buffer;
    }
    if (chosen < 0) chosen = sizes.push(0) - 1;
    sizes[chosen] = Math.max(sizes[chosen] as number, bytes);
    busyUntil[chosen] = last;
    placed.set(position, { buffer: chosen, offset: 0, bytes });
  }
  return { placed, sizes };
}
