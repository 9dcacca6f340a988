/** A program of tensor ops as data: it prints, shrinks, and runs on any device. */
import { compile, scope, withDevice, zerosLike, type Device, type Tensor } from '@espalier/tensor';
import type { TensorSample } from '../../arbitraries/tensor.ts';
import type { Describable } from '../property.ts';

/** One op of a program: how it reads, and what it does to the values so far. */
export interface Step {
  readonly text: string;
  readonly apply: (values: readonly Tensor[]) => Tensor;
}

/** Inputs, steps, and which values are asked for. */
export class Program implements Describable {
  readonly inputs: readonly TensorSample[];
  readonly steps: readonly Step[];
  /** Positions of the values that are asked for. */
  readonly results: readonly number[];

  constructor(inputs: readonly TensorSample[], steps: readonly Step[], results: readonly number[]) {
    this.inputs = inputs;
    this.steps = steps;
    this.results = results;
  }

  describe(): string {
    const inputs = this.inputs.map((input, position) => `v${position} = ${input.toString()}`);
    const steps = this.steps.map(({ text }, position) => `v${position + this.inputs.length} = ${text}`);
    return [...inputs, ...steps, `results: ${this.results.map((position) => `v${position}`).join(', ')}`].join('\n');
  }

  /** The same program on inputs of the opposite sign. */
  negated(): Program {
    const inputs = this.inputs.map((input) => input.map((value) => 0 - value));
    return new Program(inputs, this.steps, this.results);
  }

  /** The results on `device`. `eager` stores inputs contiguously and computes every step before the next. */
  async run(device: Device, mode: 'eager' | 'lazy'): Promise<Result[]> {
    const eager = mode === 'eager';
    const outputs = withDevice(device, () =>
      scope(() => this.#compute(this.#place(device, eager), (value) => (eager ? value.realizeSync() : value))),
    );
    return readAll(outputs);
  }

  /**
   * The results of the second call of the compiled program, whose first call got negated inputs; and the sum that the
   * compiled step kept of its last result, updated in place at each call.
   */
  async runCompiled(device: Device): Promise<{ readonly results: Result[]; readonly total: Result }> {
    const [outputs, total] = withDevice(device, () =>
      scope(() => {
        const like = this.#compute(this.#place(device, false), (value) => value).at(-1) as Tensor;
        const state = zerosLike(like);
        const step = compile((inputs: readonly Tensor[]) => {
          const results = this.#compute(inputs, (value) => value);
          state.assign(state.add(results.at(-1) as Tensor));
          return results;
        });
        step(this.negated().#place(device, false));
        const results = step(this.#place(device, false));
        step.dispose();
        return [results, state] as const;
      }),
    );
    const [sum] = await readAll([total]);
    return { results: await readAll(outputs), total: sum as Result };
  }

  #place(device: Device, contiguous: boolean): Tensor[] {
    return this.inputs.map((input) => (contiguous ? input.as(input.dtype) : input).toTensor(device));
  }

  #compute(inputs: readonly Tensor[], each: (value: Tensor) => Tensor): Tensor[] {
    const values = [...inputs];
    for (const step of this.steps) values.push(each(step.apply(values)));
    // Handles of their own: an input that is a result too may be disposed with the inputs.
    return this.results.map((position) => (values[position] as Tensor).detach());
  }
}

/** One result of a run. */
export interface Result {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

async function readAll(outputs: readonly Tensor[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const output of outputs) results.push({ shape: output.shape, values: await output.data() });
  for (const output of outputs) output.dispose();
  return results;
}
