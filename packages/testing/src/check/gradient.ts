/**
 * Gradients against finite differences, in f64 on the reference device: central differences at two step sizes,
 * extrapolated (Richardson), along one direction through all inputs at once; element by element where that disagrees.
 */
import {
  createReferenceDevice,
  dtypes,
  gradients,
  scope,
  withDevice,
  zerosLike,
  ArgumentError,
  type Device,
  type OpEntry,
  type Tensor,
} from '@espalier/tensor';
import { TensorSample } from '../arbitraries/tensor.ts';
import { MismatchError } from '../errors.ts';
import type { CheckReport, DrawOptions } from '../settings.ts';
import { anyOpCase } from './case.ts';
import { checkProperty } from './property.ts';

/** A function of tensors whose gradient is checked. */
export type DifferentiableFunction = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** Options of `checkGradient`. */
export interface GradientOptions {
  /** 1: the gradient (the default). 2: the gradient of the gradient. */
  readonly order?: 1 | 2;
  /** Largest error of a derivative, relative to the sum of the magnitudes that make it up (at least 1). Default 1e-6. */
  readonly tolerance?: number;
  /** Half the distance between the two points of a difference, relative to the input. Default 1e-3. */
  readonly step?: number;
}

/**
 * Checks the gradient of `f` at `inputs`: samples, or nested numbers. Float inputs are taken as f64 and differentiated;
 * others are constants. `f` must be smooth around the inputs.
 * @throws {MismatchError} that names the worst element.
 */
export async function checkGradient(
  f: DifferentiableFunction,
  inputs: readonly (TensorSample | GradientInput)[],
  options: GradientOptions = {},
): Promise<void> {
  const problem = new Problem(f, inputs.map(sampleOf), options);
  await problem.check();
}

/** Numbers nested to any depth: an f64 input. */
export type GradientInput = number | readonly GradientInput[];

/** Options of `checkOpGradient`. */
export interface OpGradientOptions extends DrawOptions, GradientOptions {}

/**
 * Checks the gradient of an op of the table on cases from the smooth part of its domain.
 * @throws {CheckError} with the smallest failing case.
 */
export async function checkOpGradient(entry: OpEntry, options: OpGradientOptions = {}): Promise<CheckReport> {
  const device = createReferenceDevice('oracle');
  const cases = anyOpCase(entry, { device, part: 'smooth', maxElements: 24 });
  const name = `${options.order === 2 ? 'second derivative' : 'gradient'} of ${entry.name}`;
  return checkProperty(
    name,
    cases,
    ({ inputs, attributes }) => checkGradient((...tensors) => entry.run(tensors, attributes), inputs, options),
    options,
    10,
  );
}

/** One gradient to check, and the machinery to evaluate it. */
class Problem {
  readonly #function: DifferentiableFunction;
  readonly #inputs: readonly TensorSample[];
  readonly #options: Required<GradientOptions>;
  readonly #device: Device = createReferenceDevice('gradients');

  constructor(f: DifferentiableFunction, inputs: readonly TensorSample[], options: GradientOptions) {
    this.#options = { order: 1, tolerance: 1e-6, step: 1e-3, ...options };
    this.#function = this.#options.order === 2 ? gradientOf(f) : f;
    this.#inputs = inputs.map((input) => (isFloat(input) ? input.as('f64') : input));
    if (!inputs.some(isFloat))
      throw new ArgumentError('checkGradient', 'none of the inputs is a float: there is nothing to differentiate by');
  }

  async check(): Promise<void> {
    const analytic = await this.#gradients();
    const everywhere = this.#inputs.map((input, position) =>
      input.values.map((_, element) => (isFloat(input) ? weight(element * 7 + position) : 0)),
    );
    if (await this.#agrees(analytic, everywhere)) return;
    const failures: string[] = [];
    for (const [position, input] of this.#inputs.entries()) {
      for (let element = 0; isFloat(input) && element < input.values.length; element++) {
        const only = this.#inputs.map(({ values }, index) =>
          values.map((_, other) => Number(index === position && other === element)),
        );
        const { derivative, difference, allowed } = await this.#compare(analytic, only);
        if (!(Math.abs(derivative - difference) <= allowed))
          failures.push(
            `∂/∂input${position}[${element}]: gradient ${derivative}, finite difference ${difference}, allowed error ${allowed}`,
          );
      }
    }
    const shown =
      failures.length === 0
        ? ['no single element does, only all of them together: the function may not be smooth here']
        : failures.slice(0, 8);
    throw new MismatchError(
      [`gradient: ${failures.length} elements differ from finite differences:`, ...shown].join('\n'),
    );
  }

  async #agrees(analytic: readonly (readonly number[])[], direction: readonly (readonly number[])[]): Promise<boolean> {
    const { derivative, difference, allowed } = await this.#compare(analytic, direction);
    return Math.abs(derivative - difference) <= allowed;
  }

  /** The derivative along a direction: by the gradient, and by finite differences. */
  async #compare(
    analytic: readonly (readonly number[])[],
    direction: readonly (readonly number[])[],
  ): Promise<{ derivative: number; difference: number; allowed: number }> {
    const terms = analytic.flatMap((gradient, position) =>
      gradient.map((value, element) => value * (direction[position]?.[element] ?? 0)),
    );
    const derivative = terms.reduce((sum, term) => sum + term, 0);
    const magnitude = terms.reduce((sum, term) => sum + Math.abs(term), 1);
    const { step, tolerance } = this.#options;
    const central = async (h: number): Promise<number> =>
      ((await this.#valueAt(direction, h)) - (await this.#valueAt(direction, -h))) / (2 * h);
    const difference = (4 * (await central(step / 2)) - (await central(step))) / 3;
    return { derivative, difference, allowed: tolerance * magnitude };
  }

  /** Σ weight · output at the inputs moved by `h` along `direction`. */
  async #valueAt(direction: readonly (readonly number[])[], h: number): Promise<number> {
    const moved = this.#inputs.map((input, position) => {
      const along = direction[position] ?? [];
      return isFloat(input)
        ? new TensorSample(
            'f64',
            input.shape,
            input.values.map((value, element) => value + h * (along[element] ?? 0)),
          )
        : input;
    });
    const outputs = this.#on(() => listOf(this.#function(...moved.map((input) => trackedOn(input, this.#device)))));
    let total = 0;
    for (const output of outputs) {
      for (const [element, value] of [...(await output.data())].entries()) total += value * weight(element);
      output.dispose();
    }
    return total;
  }

  async #gradients(): Promise<number[][]> {
    const result = this.#on(() => {
      const tensors = this.#inputs.map((input) => trackedOn(input, this.#device));
      return gradientsOf(listOf(this.#function(...tensors)), tensors, false);
    });
    const values: number[][] = [];
    for (const input of this.#inputs) {
      const gradient = isFloat(input) ? result.shift() : undefined;
      values.push(gradient ? Array.from(await gradient.data()) : input.values.map(() => 0));
      if (gradient && gradient.shape.join() !== input.shape.join())
        throw new MismatchError(
          `gradient: shape [${gradient.shape.join(', ')}] for an input of shape [${input.shape.join(', ')}]`,
        );
      gradient?.dispose();
    }
    return values;
  }

  #on<T extends Tensor[]>(run: () => T): T {
    return withDevice(this.#device, () => scope(run));
  }
}

/** The function that gives the gradients of Σ weight · f with respect to the float inputs. */
function gradientOf(f: DifferentiableFunction): DifferentiableFunction {
  return (...inputs) => gradientsOf(listOf(f(...inputs)), inputs, true);
}

function gradientsOf(outputs: readonly Tensor[], inputs: readonly Tensor[], differentiable: boolean): Tensor[] {
  const floats = inputs.filter((input) => dtypes[input.dtype].kind === 'float');
  const smooth = outputs.filter((output) => dtypes[output.dtype].kind === 'float');
  const weighted = smooth.map((output) => output.mul(weightsLike(output)).sum());
  const total = weighted.reduce((sum, term) => sum.add(term));
  // The gradient of a linear function does not depend on its inputs: its own gradient is zero.
  return total.requiresGrad ? gradients(total, floats, { differentiable }) : floats.map((input) => zerosLike(input));
}

function weightsLike(output: Tensor): Tensor {
  const values = Array.from({ length: output.size }, (_, element) => weight(element));
  return new TensorSample('f64', output.shape, values).toTensor(output.device);
}

/** Fixed weights without pattern, so that errors in different elements cannot cancel. */
function weight(element: number): number {
  return Math.cos(1 + 2.3 * element) + 1.25;
}

function trackedOn(input: TensorSample, device: Device): Tensor {
  const plain = input.toTensor(device);
  return isFloat(input) ? plain.requiresGradients() : plain;
}

function isFloat(input: TensorSample): boolean {
  return dtypes[input.dtype].kind === 'float';
}

function listOf(outputs: Tensor | readonly Tensor[]): Tensor[] {
  return Array.isArray(outputs) ? [...(outputs as readonly Tensor[])] : [outputs as Tensor];
}

function sampleOf(input: TensorSample | GradientInput): TensorSample {
  if (input instanceof TensorSample) return input;
  const shape: number[] = [];
  for (let level = input; typeof level !== 'number'; level = level[0] ?? 0) shape.push(level.length);
  return new TensorSample('f64', shape, flatten(input));
}

function flatten(input: GradientInput): number[] {
  return typeof input === 'number' ? [input] : input.flatMap(flatten);
}
