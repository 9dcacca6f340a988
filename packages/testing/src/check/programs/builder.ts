/** Draws programs whose values are small whole numbers and stay exact. */
import { withDevice, type Device, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { anyElement } from '../../arbitraries/element.ts';
import { anyAxes, anyPermutation } from '../../arbitraries/shape.ts';
import { anySample, type TensorSample } from '../../arbitraries/tensor.ts';
import { Program, type Step } from './program.ts';

/** A program; `device` only tells shapes, nothing is computed on it. */
export function drawProgram(draw: fc.GeneratorValue, device: Device): Program {
  return new ProgramBuilder(draw, device).build();
}

/** A value of the program: a lazy tensor that knows its shape, and a bound on its magnitude. */
interface Value {
  readonly position: number;
  readonly tensor: Tensor;
  readonly bound: number;
}

const LARGEST_EXACT = 2 ** 20;

class ProgramBuilder {
  readonly #draw: fc.GeneratorValue;
  readonly #device: Device;
  readonly #inputs: TensorSample[] = [];
  readonly #steps: Step[] = [];
  readonly #values: Value[] = [];

  constructor(draw: fc.GeneratorValue, device: Device) {
    this.#draw = draw;
    this.#device = device;
  }

  build(): Program {
    return withDevice(this.#device, () => {
      for (let input = this.#integer(1, 3); input > 0; input--) this.#input();
      for (let step = this.#integer(1, 12); step > 0; step--) this.#pick(this.#kinds)();
      const others = Array.from({ length: this.#integer(0, 2) }, () => this.#pick(this.#values).position);
      const results = [...new Set([this.#values.length - 1, ...others])];
      for (const { tensor } of this.#values) tensor.dispose();
      return new Program(this.#inputs, this.#steps, results);
    });
  }

  readonly #kinds: readonly (() => void)[] = [
    () => this.#unary(),
    () => this.#binary(),
    () => this.#binary(),
    () => this.#choose(),
    () => this.#cast(),
    () => this.#reduce(),
    () => this.#reduce(),
    () => this.#centre(),
    () => this.#reshape(),
    () => this.#permute(),
    () => this.#slice(),
    () => this.#expand(),
    () => this.#pad(),
    () => this.#product(),
    () => this.#scan(),
    () => this.#take(),
  ];

  #input(): void {
    const like = this.#inputs.at(-1);
    const shape = like && this.#draw(fc.boolean) ? like.shape : this.#draw(anySmallShape);
    const sample = this.#draw(anyWholeTensor, this.#draw(fc.boolean) ? 'f32' : 'i32', shape);
    this.#values.push({ position: this.#inputs.length, tensor: sample.toTensor(this.#device), bound: 2 });
    this.#inputs.push(sample);
  }

  #unary(): void {
    const a = this.#pick(this.#values);
    const [name, bound] = this.#pick([
      ['neg', a.bound],
      ['abs', a.bound],
      ['relu', a.bound],
      ['square', a.bound ** 2],
      ['sign', 1],
    ] as const);
    this.#add(`v${a.position}.${name}()`, bound, (values) => at(values, a)[name]());
  }

  #binary(): void {
    const a = this.#pick(this.#values);
    const partners = this.#values.filter(
      ({ tensor }) => tensor.dtype === a.tensor.dtype && broadcasts(a.tensor.shape, tensor.shape),
    );
    const b = this.#pick(partners);
    const name = this.#pick(['add', 'sub', 'mul', 'maximum', 'minimum'] as const);
    const bound = {
      add: a.bound + b.bound,
      sub: a.bound + b.bound,
      mul: a.bound * b.bound,
      maximum: Math.max(a.bound, b.bound),
      minimum: Math.max(a.bound, b.bound),
    }[name];
    this.#add(`v${a.position}.${name}(v${b.position})`, bound, (values) => at(values, a)[name](at(values, b)));
  }

  #choose(): void {
    const a = this.#pick(this.#values);
    const b = this.#pick(
      this.#values.filter(({ tensor }) => tensor.dtype === a.tensor.dtype && broadcasts(a.tensor.shape, tensor.shape)),
    );
    this.#add(
      `v${a.position}.where(v${a.position}.lt(v${b.position}), v${b.position})`,
      Math.max(a.bound, b.bound),
      (values) => at(values, a).where(at(values, a).lt(at(values, b)), at(values, b)),
    );
  }

  #cast(): void {
    const a = this.#pick(this.#values);
    const to = a.tensor.dtype === 'f32' ? 'i32' : 'f32';
    this.#add(`v${a.position}.cast('${to}')`, a.bound, (values) => at(values, a).cast(to));
  }

  #reduce(): void {
    const a = this.#pick(this.#values);
    const axes = this.#draw(anyAxes, a.tensor.rank);
    const keepDims = this.#draw(fc.boolean);
    const name = this.#pick(['sum', 'max', 'min'] as const);
    const count = axes.reduce((size, axis) => size * (a.tensor.shape[axis] ?? 1), 1);
    this.#add(
      `v${a.position}.${name}([${axes.join(', ')}]${keepDims ? ', { keepDims: true }' : ''})`,
      name === 'sum' ? a.bound * count : a.bound,
      (values) => at(values, a)[name](axes, { keepDims }),
    );
  }

  /** A row kernel: every element less the largest of its row. */
  #centre(): void {
    const a = this.#pick(this.#values);
    if (a.tensor.rank === 0) return;
    const axis = this.#integer(0, a.tensor.rank - 1);
    const text = `v${a.position}`;
    this.#add(`${text}.sub(${text}.max(${axis}, { keepDims: true }))`, a.bound * 2, (values) =>
      at(values, a).sub(at(values, a).max(axis, { keepDims: true })),
    );
  }

  #reshape(): void {
    const a = this.#pick(this.#values);
    const { shape, size } = a.tensor;
    const divisors = Array.from({ length: size }, (_, position) => position + 1).filter(
      (divisor) => size % divisor === 0,
    );
    const first = this.#pick(divisors);
    const target = this.#pick([
      [size],
      [first, size / first],
      [1, ...shape],
      shape.filter((dimension) => dimension !== 1),
    ]);
    this.#add(`v${a.position}.reshape(${target.join(', ')})`, a.bound, (values) => at(values, a).reshape(target));
  }

  #permute(): void {
    const a = this.#pick(this.#values);
    const order = this.#draw(anyPermutation, a.tensor.rank);
    this.#add(`v${a.position}.permute(${order.join(', ')})`, a.bound, (values) => at(values, a).permute(order));
  }

  #slice(): void {
    const a = this.#pick(this.#values);
    const step = a.tensor.shape.map(() => this.#pick([1, 1, 2, -1]));
    const start = a.tensor.shape.map((size, axis) => ((step[axis] ?? 1) > 0 ? this.#integer(0, size - 1) : -1));
    this.#add(`v${a.position}.slice([${start.join(', ')}], [], [${step.join(', ')}])`, a.bound, (values) =>
      at(values, a).slice(start, [], step),
    );
  }

  #expand(): void {
    const a = this.#pick(this.#values);
    if (a.tensor.size > 60 || a.tensor.rank > 4) return;
    const shape = [this.#integer(1, 3), ...a.tensor.shape.map((size) => (size === 1 ? this.#integer(1, 4) : size))];
    this.#add(`v${a.position}.expand(${shape.join(', ')})`, a.bound, (values) => at(values, a).expand(shape));
  }

  #pad(): void {
    const a = this.#pick(this.#values);
    if (a.tensor.size > 60) return;
    const widths = a.tensor.shape.map((): [number, number] => [this.#integer(0, 1), this.#integer(0, 2)]);
    this.#add(`v${a.position}.pad(${JSON.stringify(widths)}, 1)`, Math.max(1, a.bound), (values) =>
      at(values, a).pad(widths, 1),
    );
  }

  #product(): void {
    const matrices = this.#values.filter(({ tensor }) => tensor.rank >= 2);
    if (matrices.length === 0) return;
    const a = this.#pick(matrices);
    const inner = a.tensor.shape.at(-1) ?? 1;
    const partners = matrices.filter(
      ({ tensor }) =>
        tensor.dtype === a.tensor.dtype &&
        tensor.shape.at(-1) === inner &&
        broadcasts(tensor.shape.slice(0, -2), a.tensor.shape.slice(0, -2)),
    );
    const b = this.#pick(partners);
    this.#add(`v${a.position}.matmul(v${b.position}.t())`, a.bound * b.bound * inner, (values) =>
      at(values, a).matmul(at(values, b).t()),
    );
  }

  #scan(): void {
    const ranked = this.#values.filter(({ tensor }) => tensor.rank > 0);
    if (ranked.length === 0) return;
    const a = this.#pick(ranked);
    const axis = this.#integer(0, a.tensor.rank - 1);
    if (this.#draw(fc.boolean)) {
      this.#add(`v${a.position}.cumsum(${axis})`, a.bound * (a.tensor.shape[axis] ?? 1), (values) =>
        at(values, a).cumsum(axis),
      );
    } else {
      const k = this.#integer(1, a.tensor.shape[axis] ?? 1);
      this.#add(`v${a.position}.topK(${k}, ${axis}).values`, a.bound, (values) => at(values, a).topK(k, axis).values);
    }
  }

  /** Reads along the first axis at the values of an integer tensor; outside the axis a computed index reads 0. */
  #take(): void {
    const ranked = this.#values.filter(({ tensor }) => tensor.rank > 0);
    const indices = this.#values.filter(({ tensor }) => tensor.dtype === 'i32' && tensor.rank < 3);
    if (ranked.length === 0 || indices.length === 0) return;
    const [a, index] = [this.#pick(ranked), this.#pick(indices)];
    if (a.tensor.size * index.tensor.size > 400) return;
    this.#add(`v${a.position}.take(v${index.position}.add(0))`, a.bound, (values) =>
      at(values, a).take(at(values, index).add(0)),
    );
  }

  #add(text: string, bound: number, apply: Step['apply']): void {
    if (bound > LARGEST_EXACT) return;
    const tensor = apply(this.#values.map((value) => value.tensor));
    if (tensor.size > 600) {
      tensor.dispose();
      return;
    }
    this.#values.push({ position: this.#values.length, tensor, bound });
    this.#steps.push({ text, apply });
  }

  #integer(min: number, max: number): number {
    return this.#draw(anyInteger, min, max);
  }

  /** One of `options`, of which there is at least one. */
  #pick<T>(options: readonly T[]): T {
    return options[this.#integer(0, options.length - 1)] as T;
  }
}

function at(values: readonly Tensor[], value: Value): Tensor {
  return values[value.position] as Tensor;
}

function broadcasts(a: readonly number[], b: readonly number[]): boolean {
  return a.every((size, axis) => {
    const other = b[axis + b.length - a.length] ?? 1;
    return size === other || size === 1 || other === 1;
  });
}

// Builders given to `fc.gen` have to be the same functions at every call, or it cannot shrink what they drew.

function anyInteger(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min, max });
}

function anySmallShape(): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 });
}

function anyWholeTensor(dtype: 'f32' | 'i32', shape: readonly number[]): fc.Arbitrary<TensorSample> {
  return anySample(dtype, shape, anyElement(dtype, { low: -2, high: 2, whole: true }));
}
