/** What optimizers share: parameters in groups, their state, and a learning rate that changes without recompiling. */
import { ArgumentError, full, inDType, noGrad, ShapeError, wideFloat, zerosLike, type Tensor } from '@espalier/tensor';
import { aTensor, check, describe, ruleOf, satisfies, tensors } from '@espalier/tensor/arguments';
import { mapOf } from '../config/rules.ts';
import { optional, parseFields, real, show, type Field, type Fields } from '../config/fields.ts';
import { ConfigError } from '../errors.ts';
import { isRecord } from '../json.ts';
import { loadTensors } from '../module/load-state.ts';
import { dotted } from '../module/dotted.ts';
import type { Parameter } from '../module/parameter.ts';

/** An optimizer as JSON. */
export interface OptimizerConfig {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Parameters that are trained alike. */
export interface ParameterGroup {
  /** By name; the names are those of the optimizer's state. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Instead of the optimizer's own. */
  readonly weightDecay?: number;
  /** Factor on the learning rate. Default: 1. */
  readonly rateScale?: number;
}

/** One parameter with what the optimizer remembers of it. */
export interface Slot {
  readonly name: string;
  readonly parameter: Tensor;
  readonly weightDecay: number;
  readonly rateScale: number;
  /** One tensor of the parameter's shape for each name in `stateNames`, in f32 (f64 for f64). */
  readonly state: Readonly<Record<string, Tensor>>;
}

/** Scalars of a step. */
export interface StepScalars {
  /** The learning rate, scaled for the group. */
  readonly rate: Tensor;
  /** Number of this step, from 1, as a float: exact up to 2^24. */
  readonly step: Tensor;
}

/**
 * A rule that turns gradients into updates. `attach` gives it parameters, `step` applies gradients; both the learning
 * rate and the number of steps are tensors, so that a step recorded by `compile` goes on working when they change.
 */
export abstract class Optimizer {
  /** The type under which JSON knows this optimizer. */
  abstract readonly type: string;
  /** The learning rate that schedules scale. */
  readonly lr: number;
  #slots: readonly Slot[] = [];
  #rate: Tensor | undefined;
  #count: Tensor | undefined;
  #currentRate: number;

  constructor(lr: number) {
    this.lr = lr;
    this.#currentRate = lr;
  }

  /** The optimizer as JSON. */
  abstract config(): OptimizerConfig;

  /** Names of the tensors remembered for each parameter. */
  protected abstract readonly stateNames: readonly string[];

  /** Decay of parameters in groups that name none. */
  protected abstract readonly weightDecay: number;

  /**
   * Assigns new values to the state, and gives that of the parameter. Gradient, state and scalars are f32 (or f64): what
   * adds up over many steps would stand still in the digits of a narrower parameter, which the result is rounded to.
   */
  protected abstract update(slot: Slot, gradient: Tensor, scalars: StepScalars): Tensor;

  /**
   * Takes charge of parameters, and forgets those of before. Parameters that are not trainable are left out.
   * @throws {ConfigError} for a group of a wrong form.
   * @throws {ArgumentError} for a parameter that is there twice and where nothing is left.
   */
  attach(parameters: ReadonlyMap<string, Parameter> | readonly ParameterGroup[]): this {
    const given: readonly unknown[] = isGroups(parameters) ? parameters : [{ parameters }];
    const fields: Fields<ParameterGroup> = {
      parameters: namedParameters,
      weightDecay: optional(real({ least: 0 }), this.weightDecay),
      rateScale: optional(real({ least: 0 }), 1),
    };
    const groups = given.map((group, index) => parseFields(`${this.type}.groups[${index}]`, fields, group));
    this.detach();
    this.#slots = groups.flatMap((group) =>
      [...group.parameters].flatMap(([name, parameter]): Slot[] => {
        if (!parameter.trainable) return [];
        const { tensor } = parameter;
        const state = Object.fromEntries(
          this.stateNames.map((key) => [key, zerosLike(tensor.cast(wideFloat(tensor.dtype))).realizeSync()]),
        );
        return [
          {
            name,
            parameter: tensor,
            state,
            weightDecay: group.weightDecay,
            rateScale: group.rateScale,
          },
        ];
      }),
    );
    const charged = new Set<Tensor>();
    const twice = this.#slots.find(({ parameter }) => charged.size === charged.add(parameter).size);
    if (twice) {
      this.#slots = [];
      throw new ArgumentError(this.type, `'${twice.name}' is there twice; attach each parameter once`);
    }
    const first = this.#slots[0]?.parameter;
    if (!first) throw new ArgumentError(this.type, 'there is no trainable parameter; attach at least one');
    const dtype = this.#slots.some(({ parameter }) => parameter.dtype === 'f64') ? 'f64' : 'f32';
    const scalar = (value: number): Tensor => full([], value, { device: first.device, dtype }).realizeSync();
    this.#rate = scalar(this.#currentRate);
    this.#count = scalar(0);
    return this;
  }

  /** Lets go of the parameters, and of what is remembered of them. */
  detach(): void {
    for (const tensor of this.#tensors().values()) tensor.dispose();
    this.#rate?.dispose();
    this.#slots = [];
    this.#rate = undefined;
    this.#count = undefined;
  }

  /** The tensors that are trained, in the order in which `step` takes gradients. */
  get parameters(): readonly Tensor[] {
    return this.#slots.map(({ parameter }) => parameter);
  }

  /** The learning rate of the next step. */
  get learningRate(): number {
    return this.#currentRate;
  }

  /**
   * Changes the learning rate of steps from now on, recorded ones too.
   * @throws {ArgumentError} unless it is a finite number of at least 0.
   */
  setLearningRate(value: number): void {
    if (!(Number.isFinite(value) && value >= 0))
      throw new ArgumentError(
        this.type,
        `the learning rate is ${describe(value)}; it must be a finite number of at least 0`,
      );
    if (value === this.#currentRate) return;
    this.#currentRate = value;
    this.#rate?.assign(this.#rate.filled([], value));
  }

  /**
   * Applies one gradient per parameter, in the order of `parameters`.
   * @throws {ArgumentError} if their number differs.
   * @throws {ShapeError} if a shape does.
   */
  step(gradients: readonly Tensor[]): void {
    check(this.type, 'the gradients', gradients, tensors);
    const rate = this.#rate;
    const count = this.#count;
    if (!rate || !count || gradients.length !== this.#slots.length)
      throw new ArgumentError(
        this.type,
        `got ${gradients.length} gradients for ${this.#slots.length} parameters; attach the parameters first and pass one gradient for each`,
      );
    for (const [index, { name, parameter }] of this.#slots.entries()) {
      const [own, found] = [parameter.shape, (gradients[index] as Tensor).shape].map(
        (shape) => `[${shape.join(', ')}]`,
      );
      if (own !== found)
        throw new ShapeError(
          this.type,
          `the gradient of '${name}' is ${found}, and the parameter ${own}; pass them in the order of parameters`,
        );
    }
    noGrad(() => {
      count.assign(count.add(1));
      for (const [index, slot] of this.#slots.entries()) {
        const { parameter } = slot;
        const wide = wideFloat(parameter.dtype);
        const scaled = slot.rateScale === 1 ? rate : rate.mul(slot.rateScale);
        const scalars = { rate: inDType(scaled, wide), step: inDType(count, wide) };
        const value = this.update(slot, inDType(gradients[index] as Tensor, wide), scalars);
        parameter.assign(inDType(value, parameter.dtype));
      }
    });
  }

  /** The number of steps and what is remembered of each parameter, by name, as they are now. */
  state(): Map<string, Tensor> {
    return new Map([...this.#tensors()].map(([name, tensor]) => [name, tensor.detach().realizeSync()]));
  }

  /**
   * Goes on from a state.
   * @throws {StateError} and changes nothing, if it is of other parameters.
   */
  load(state: ReadonlyMap<string, Tensor>): void {
    check(this.type, 'the state', state, mapOf(aTensor));
    loadTensors(this.type, this.#tensors(), state);
  }

  #tensors(): Map<string, Tensor> {
    const remembered = this.#slots.flatMap(({ name, state }) =>
      Object.entries(state).map(([key, tensor]): [string, Tensor] => [dotted(name, key), tensor]),
    );
    return new Map([...(this.#count ? [['step', this.#count] as const] : []), ...remembered]);
  }
}

const parametersByName = mapOf(ruleOf<Parameter>('a parameter', isParameter));

/** Parameters by name, as `model.namedParameters()` gives them. */
const namedParameters: Field<ReadonlyMap<string, Parameter>> = {
  parse: (value, where) => {
    if (satisfies(parametersByName, value)) return value;
    throw new ConfigError(where, `is ${show(value)}; it must be a map such as model.namedParameters() gives`);
  },
};

/** By what it has, since that of another copy of the package is one too. */
function isParameter(value: unknown): value is Parameter {
  return isRecord(value) && 'trainable' in value && 'tensor' in value;
}

function isGroups(
  parameters: ReadonlyMap<string, Parameter> | readonly ParameterGroup[],
): parameters is readonly ParameterGroup[] {
  return Array.isArray(parameters) && parameters.every(isRecord);
}
