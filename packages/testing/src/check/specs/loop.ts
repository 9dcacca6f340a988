/**
 * Random loop specs: fused maps, reductions and row kernels of a few steps over views, of several dtypes, some dimensions with
 * limits. Values are
 * small whole numbers and every result stays exact, so devices have to agree on every bit.
 */
import fc from 'fast-check';
import {
  dtypes,
  type Access,
  type ComputeDType,
  type Device,
  type DType,
  type LoopInstruction,
  type LoopSpec,
} from '@espalier/tensor';
import {
  anyInteger,
  anyNumbers,
  anyOrder,
  anySizes,
  drawLimits,
  holdsExactly,
  sizeOf,
  SpecCase,
  type DrawnLimits,
} from './case.ts';

/** A loop spec and its contents, for a device with the given dtypes. */
export function drawLoop(draw: fc.GeneratorValue, device: Device): SpecCase {
  return new LoopBuilder(draw, device.capabilities.dtypes).build();
}

type ScalarOp = Extract<LoopInstruction, { kind: 'scalar' }>['op'];

/** A value in the body: where, of what type, how large at most, and whether it is known per row or per point. */
interface Value {
  readonly step: number;
  readonly dtype: ComputeDType;
  readonly bound: number;
  readonly point: boolean;
}

const LARGEST_EXACT = 2 ** 20;

const binary: Readonly<Record<'add' | 'sub' | 'mul' | 'min' | 'max', (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a + b,
  mul: (a, b) => a * b,
  min: Math.max,
  max: Math.max,
};

class LoopBuilder {
  readonly #draw: fc.GeneratorValue;
  readonly #available: readonly DType[];
  readonly #bindings: LoopSpec['bindings'][number][] = [];
  readonly #contents: number[][] = [];
  readonly #body: LoopInstruction[] = [];
  readonly #values: Value[] = [];
  readonly #outer: readonly number[];
  readonly #inner: readonly number[];

  constructor(draw: fc.GeneratorValue, available: ReadonlySet<DType>) {
    this.#draw = draw;
    this.#available = [...available];
    this.#outer = draw(anySizes, 5);
    this.#inner = draw(fc.boolean) ? draw(anySizes, 9) : [];
  }

  build(): SpecCase {
    for (let input = this.#integer(1, 3); input > 0; input--) this.#load();
    for (let step = this.#integer(0, 6); step > 0; step--) this.#step();
    const stored = this.#values.slice(-this.#integer(1, 2));
    for (const value of stored) this.#store(value);
    const { limits, bindings, contents } = this.#limits();
    return new SpecCase(
      {
        kind: 'loop',
        bindings: [...this.#bindings, ...bindings],
        outer: this.#outer,
        inner: this.#inner,
        body: this.#body,
        ...(limits.length > 0 && { limits }),
      },
      [...this.#contents, ...contents],
    );
  }

  /** Extrema of nothing are no small numbers: of the inner dimensions there is something. */
  #limits(): DrawnLimits {
    const first = this.#bindings.length;
    const outer = drawLimits(this.#draw, this.#outer, first);
    const inner = drawLimits(this.#draw, this.#inner, first + outer.bindings.length, 1);
    const moved = inner.limits.map((limit) => ({ ...limit, dim: limit.dim + this.#outer.length }));
    return {
      limits: [...outer.limits, ...moved],
      bindings: [...outer.bindings, ...inner.bindings],
      contents: [...outer.contents, ...inner.contents],
    };
  }

  #step(): void {
    const kinds = [
      'binary',
      'compare',
      'cast',
      'constant',
      'index',
      'load',
      ...(this.#inner.length > 0 ? ['reduce', 'reduce'] : []),
    ] as const;
    switch (this.#pick(kinds)) {
      case 'binary':
        return this.#binary();
      case 'compare':
        return this.#select();
      case 'cast':
        return this.#cast();
      case 'constant':
        return this.#add(
          { kind: 'constant', value: this.#integer(0, 3), dtype: this.#pick(this.#values).dtype },
          3,
          false,
        );
      case 'index': {
        const strides = this.#strides().map((stride) => Math.abs(stride));
        const bound = this.#sizes().reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 0);
        return this.#add({ kind: 'index', offset: 0, strides, dtype: 'i32' }, bound, this.#movesInside(strides));
      }
      case 'load':
        return this.#load();
      case 'reduce':
        return this.#reduce();
    }
  }

  #load(): void {
    const dtype = this.#pick(this.#available);
    const { compute, kind } = dtypes[dtype];
    const strides = this.#strides();
    const spans = this.#sizes().map((size, axis) => (size - 1) * (strides[axis] ?? 0));
    const offset = -spans.reduce((sum, span) => sum + Math.min(0, span), 0) + this.#integer(0, 2);
    const length = offset + spans.reduce((sum, span) => sum + Math.max(0, span), 0) + 1;
    const low = kind === 'unsigned' || kind === 'bool' ? 0 : -3;
    this.#contents.push(this.#draw(anyNumbers, length, low, kind === 'bool' ? 1 : 3));
    this.#bindings.push({ dtype, access: 'read' });
    this.#add(
      { kind: 'load', access: { binding: this.#bindings.length - 1, offset, strides }, dtype: compute },
      3,
      this.#movesInside(strides),
    );
  }

  #binary(): void {
    const numbers = this.#values.filter(({ dtype }) => dtype !== 'bool');
    if (numbers.length === 0) return;
    const a = this.#pick(numbers);
    const b = this.#pick(numbers.filter(({ dtype }) => dtype === a.dtype));
    const op = this.#pick(['add', 'sub', 'mul', 'min', 'max'] as const);
    const bound = binary[op](a.bound, b.bound);
    if (bound > LARGEST_EXACT || (a.dtype === 'u32' && op === 'sub')) return;
    this.#scalar(op, [a, b], a.dtype, bound);
  }

  #select(): void {
    const a = this.#pick(this.#values);
    const b = this.#pick(this.#values.filter(({ dtype }) => dtype === a.dtype));
    this.#scalar(this.#pick(['lt', 'le', 'eq'] as const), [a, b], 'bool', 1);
    const condition = this.#values.at(-1);
    if (condition) this.#scalar('select', [condition, a, b], a.dtype, Math.max(a.bound, b.bound));
  }

  #cast(): void {
    const a = this.#pick(this.#values);
    const computes = [...new Set(this.#available.map((dtype) => dtypes[dtype].compute))];
    const to = this.#pick(computes);
    // A negative number wraps or saturates to another magnitude in u32.
    if (to === a.dtype || (to === 'u32' && a.dtype !== 'bool')) return;
    this.#scalar('cast', [a], to, a.bound);
  }

  #reduce(): void {
    const numbers = this.#values.filter(({ dtype, bound }) => dtype !== 'bool' && bound * 100 <= LARGEST_EXACT);
    if (numbers.length === 0) return;
    const a = this.#pick(numbers);
    const op = this.#pick(['sum', 'max', 'min'] as const);
    const count = sizeOf(this.#inner);
    this.#add({ kind: 'reduce', op, arg: a.step, dtype: a.dtype }, op === 'sum' ? a.bound * count : a.bound, false);
  }

  #store(value: Value): void {
    const dtype = this.#pick(
      this.#available.filter((name) => dtypes[name].compute === value.dtype && holdsExactly(name, value.bound)),
    );
    const perPoint = this.#inner.length > 0 && (value.point || this.#draw(fc.boolean));
    const sizes = perPoint ? this.#sizes() : this.#outer;
    const strides = sizes.map((_, axis) => sizeOf(sizes.slice(axis + 1)));
    const rest = new Array<number>(this.#sizes().length - sizes.length).fill(0);
    this.#contents.push(new Array<number>(sizeOf(sizes)).fill(0));
    this.#bindings.push({ dtype, access: 'write' });
    const access: Access = { binding: this.#bindings.length - 1, offset: 0, strides: [...strides, ...rest] };
    this.#body.push({ kind: 'store', access, arg: value.step, each: perPoint ? 'point' : 'row' });
  }

  #scalar(op: ScalarOp, args: readonly Value[], dtype: ComputeDType, bound: number): void {
    this.#add(
      { kind: 'scalar', op, args: args.map(({ step }) => step), dtype },
      bound,
      args.some(({ point }) => point),
    );
  }

  #add(step: Exclude<LoopInstruction, { kind: 'store' }>, bound: number, point: boolean): void {
    this.#body.push(step);
    this.#values.push({ step: this.#body.length - 1, dtype: step.dtype, bound, point });
  }

  /** Strides of a random view of a small buffer: an order of the axes, some of them broadcast, some walked backwards. */
  #strides(): number[] {
    const sizes = this.#sizes();
    const strides = new Array<number>(sizes.length).fill(0);
    let stride = 1;
    for (const axis of this.#draw(anyOrder, sizes.length)) {
      const way = this.#integer(0, 5);
      if (way === 5) continue;
      strides[axis] = way === 4 ? -stride : stride;
      stride *= sizes[axis] ?? 1;
    }
    return strides;
  }

  #sizes(): readonly number[] {
    return [...this.#outer, ...this.#inner];
  }

  #movesInside(strides: readonly number[]): boolean {
    return strides.slice(this.#outer.length).some((stride) => stride !== 0);
  }

  #integer(min: number, max: number): number {
    return this.#draw(anyInteger, min, max);
  }

  #pick<T>(options: readonly T[]): T {
    return options[this.#integer(0, options.length - 1)] as T;
  }
}
