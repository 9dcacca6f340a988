/**
 * Axes as what they are made of. An axis of a tensor is one of its own, several joined (channels × height × width after a
 * flatten), or several one behind the other (a concatenation). Those that are the same, index by index, are one: saying so
 * of two takes them apart as far as it needs. What an axis is made of in the end can be cut, index by index, unless something
 * needs it whole.
 */

/** What an axis is made of: the `product` of several, row-major, or the `sum` of parts. */
interface Made {
  readonly kind: 'product' | 'sum';
  readonly of: readonly Axis[];
}

/** How many indices there are of an axis that is cut, for the axes that are made of no others. */
export type Sizes = ReadonlyMap<Axis, number>;

/** Which indices are kept, in order, for the axes that are made of no others; all of those that are not in there. */
export type Kept = ReadonlyMap<Axis, readonly number[]>;

/** One axis; several objects may come to stand for the same. */
export class Axis {
  readonly size: number;
  #same: Axis | undefined;
  #made: Made | undefined;
  #reason: string | undefined;

  constructor(size: number) {
    this.size = size;
  }

  /** Axes joined, row-major. */
  static product(axes: readonly Axis[]): Axis {
    const own = axes.filter(({ size }) => size !== 1);
    return own.length === 1 ? (own[0] as Axis) : Axis.#of('product', own);
  }

  /** Axes one behind the other. */
  static sum(axes: readonly Axis[]): Axis {
    return axes.length === 1 ? (axes[0] as Axis) : Axis.#of('sum', axes);
  }

  static #of(kind: Made['kind'], of: readonly Axis[]): Axis {
    const sizes = of.map(({ size }) => size);
    const axis = new Axis(kind === 'sum' ? sizes.reduce((a, b) => a + b, 0) : sizes.reduce((a, b) => a * b, 1));
    if (of.length > 0) axis.#made = { kind, of };
    return axis;
  }

  /** The object that stands for all that are the same. */
  get root(): Axis {
    return this.#same ? this.#same.root : this;
  }

  /** Why it is needed whole; undefined where it, or a part of it, can be cut. */
  get reason(): string | undefined {
    const { root } = this;
    if (!root.#made) return root.#reason;
    const reasons = root.#made.of.map(({ reason }) => reason);
    return reasons.includes(undefined) ? undefined : reasons[0];
  }

  /** Says that all of it is needed, and why. The first reason stays. */
  keepWhole(reason: string): void {
    const { root } = this;
    root.#reason ??= reason;
    for (const axis of root.#made?.of ?? []) axis.keepWhole(reason);
  }

  /**
   * Says that index i of this is index i of another axis of the same size. Where both are made of others in ways that do not
   * fit together, all of them are needed whole, since of `where` they meet.
   */
  is(other: Axis, where: string): void {
    const [a, b] = [this.root, other.root];
    if (a === b) return;
    const conflict = `${where} takes its indices apart in two ways that do not fit together`;
    if (a.size !== b.size) return keepAllWhole([a, b], conflict);
    if (!a.#made || !b.#made) {
      const [from, to] = a.#made ? [b, a] : [a, b];
      from.#same = to;
      if (from.#reason !== undefined) to.keepWhole(from.#reason);
      return;
    }
    if (a.#made.kind !== b.#made.kind) return keepAllWhole([a, b], conflict);
    const [left, right, kind] = [a.#made.of, b.#made.of, a.#made.kind];
    a.#same = b;
    match(kind, left, right, where, conflict);
  }

  /** What it is made of in the end: axes that are made of no others. */
  get leaves(): readonly Axis[] {
    const { root } = this;
    return root.#made ? root.#made.of.flatMap(({ leaves }) => leaves) : [root];
  }

  /** The axes that it is made of step by step, itself first. */
  get parts(): readonly Axis[] {
    const { root } = this;
    return [root, ...(root.#made?.of.flatMap(({ parts }) => parts) ?? [])];
  }

  /** How many indices it has when its leaves have some numbers of them. */
  sizeAt(sizes: Sizes): number {
    const { root } = this;
    if (!root.#made) return sizes.get(root) ?? root.size;
    const all = root.#made.of.map((axis) => axis.sizeAt(sizes));
    return root.#made.kind === 'sum' ? all.reduce((a, b) => a + b, 0) : all.reduce((a, b) => a * b, 1);
  }

  /** Its own indices that are kept when those of its leaves are. */
  keptAt(kept: Kept): number[] {
    const { root } = this;
    if (!root.#made) return [...(kept.get(root) ?? Array(root.size).keys())];
    if (root.#made.kind === 'product')
      return root.#made.of.reduce<number[]>(
        (outer, axis) => {
          const own = axis.keptAt(kept);
          return outer.flatMap((index) => own.map((inner) => index * axis.size + inner));
        },
        [0],
      );
    let begin = 0;
    return root.#made.of.flatMap((axis) => {
      const own = axis.keptAt(kept).map((index) => begin + index);
      begin += axis.size;
      return own;
    });
  }

  /** For each index, that of one of its leaves which it belongs to; -1 for none. */
  indicesOf(leaf: Axis): Int32Array<ArrayBuffer> {
    const { root } = this;
    if (!root.#made) return Int32Array.from({ length: root.size }, (_, index) => (root === leaf.root ? index : -1));
    const found = new Int32Array(root.size).fill(-1);
    let inner = root.size;
    let begin = 0;
    for (const axis of root.#made.of) {
      const own = axis.indicesOf(leaf);
      if (root.#made.kind === 'sum') {
        found.set(own, begin);
        begin += axis.size;
        continue;
      }
      inner /= axis.size;
      for (let index = 0; index < found.length; index++) {
        const at = own[Math.floor(index / inner) % axis.size] as number;
        if (at >= 0) found[index] = at;
      }
    }
    return found;
  }

  /** The axes behind one of a kind, as far as they are of that kind. */
  static spread(kind: Made['kind'], axis: Axis): readonly Axis[] {
    const { root } = axis;
    return root.#made?.kind === kind ? root.#made.of.flatMap((each) => Axis.spread(kind, each)) : [root];
  }

  /** Makes it of two others, of which the first has a size; undefined where it is made of others already, or that does not divide it. */
  split(kind: Made['kind'], first: number): readonly [Axis, Axis] | undefined {
    const { root } = this;
    if (root.#made || (kind === 'product' && root.size % first !== 0)) return undefined;
    const of = [new Axis(first), new Axis(kind === 'sum' ? root.size - first : root.size / first)] as const;
    root.#made = { kind, of };
    if (root.#reason !== undefined) root.keepWhole(root.#reason);
    return of;
  }
}

function keepAllWhole(axes: readonly Axis[], reason: string): void {
  for (const axis of axes) axis.keepWhole(reason);
}

/** Says that two lists are the same when they are put together, from the first axis on. */
function match(
  kind: Made['kind'],
  left: readonly Axis[],
  right: readonly Axis[],
  where: string,
  conflict: string,
): void {
  const [a, b] = [left, right].map((axes) => axes.flatMap((axis) => Axis.spread(kind, axis))) as [Axis[], Axis[]];
  for (let [x, y] = [a.shift(), b.shift()]; x && y; [x, y] = [a.shift(), b.shift()]) {
    // What was said of an earlier pair may have taken this one apart.
    const [first, ...others] = Axis.spread(kind, x);
    const [second, ...behind] = Axis.spread(kind, y);
    a.unshift(...others);
    b.unshift(...behind);
    x = first as Axis;
    y = second as Axis;
    if (x.size === y.size) {
      x.is(y, where);
      continue;
    }
    const [large, small, rest] = x.size > y.size ? [x, y, a] : [y, x, b];
    const parts = large.split(kind, small.size);
    if (!parts) return keepAllWhole([x, y, ...a, ...b], conflict);
    parts[0].is(small, where);
    rest.unshift(parts[1]);
  }
}
