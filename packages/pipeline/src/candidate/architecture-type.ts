/** Kinds of architectures by name, so that candidates, and searches for them, can name them. */
import { build, ConfigError, countParameters, type ModuleConfig } from '@espalier/nn';
import { quote } from '@espalier/search';
import { aFunction, anObject, check } from '@espalier/tensor/arguments';
import type { Data } from '../data/source.ts';
import { UsageError } from '../errors.ts';
import { problemOf, type Field, type Problem } from '../fields.ts';
import { createRegistry, namedRule } from '../registry.ts';
import { suggestion } from '../text/did-you-mean.ts';
import type { Task } from '../task/task.ts';
import { imageShape, modelConfig, parametersOf, studentOf } from './architecture.ts';
import type { Architecture, ArchitectureChoice, Candidate } from './candidate.ts';
import { convNet, residualNet } from './conv-net.ts';
import { architectureSlots } from './dimensions.ts';
import { perceptron } from './perceptron.ts';
import { transformer } from './transformer.ts';

/** What a model takes in and gives. */
export interface ModelShape {
  /** Of one example, without the batch axis. */
  readonly input: readonly number[];
  /** How many numbers it gives, such as one for each class. */
  readonly outputs: number;
}

/** A kind of architecture: what there is to choose, and the model that a choice stands for. */
export interface ArchitectureType<Options extends object = object> {
  readonly name: string;
  /** What each of its options may be: a search varies them. None may be called `type`. */
  readonly options: Readonly<Record<string, Field>>;
  /**
   * The model, as the JSON that `build` reads.
   * @throws {UsageError} when it makes no sense of examples of this shape.
   */
  readonly model: (options: Options, initialiser: string, shape: ModelShape) => ModuleConfig;
  /**
   * A smaller one of at most so many parameters, for a student. Default: there is none.
   * @throws {UsageError} when not even the smallest has so few.
   */
  readonly student?: (options: Options, shape: ModelShape, parameters: number) => object;
}

/** Convolution blocks, a hidden layer, the outputs: what a candidate has that says no type. */
const convolutional: ArchitectureType<Architecture> = {
  name: 'convolutional',
  options: architectureSlots,
  model: (options, initialiser, shape) => modelConfig(options, initialiser, imageShape(shape)),
  student: (options, shape, parameters) => studentOf(options, imageShape(shape), parameters),
};

const types = createRegistry<ArchitectureType<never>>('architecture', [
  convolutional,
  convNet,
  residualNet,
  perceptron,
  transformer,
]);

const areOptions = (value: unknown): boolean =>
  anObject.holds(value) &&
  !Object.hasOwn(value, 'type') &&
  Object.values(value).every((field) => anObject.holds(field) && aFunction.holds(field['accepts']));

const anArchitecture = namedRule<ArchitectureType>('a kind of architecture: { name, options, model }', {
  options: areOptions,
  model: aFunction.holds,
  student: (value) => value === undefined || aFunction.holds(value),
});

/**
 * Makes a kind of architecture known by its name.
 * @throws {ArgumentError} for what is none.
 * @throws {ConfigError} if its name is taken by another one, or by an option of the convolutional one, beside which it
 * stands in recipes.
 */
export function registerArchitecture<Options extends object>(type: ArchitectureType<Options>): void {
  check('registerArchitecture', 'type', type, anArchitecture);
  if (Object.hasOwn(architectureSlots, type.name))
    throw new ConfigError(
      'registerArchitecture',
      `'${type.name}' is an option of convolutional ones; choose another name`,
    );
  types.register('registerArchitecture', type);
}

/** The names of all known kinds of architectures, sorted. */
export function architectureNames(): string[] {
  return types.names();
}

/**
 * The kind of architecture of a name.
 * @throws {UsageError} that names those that are known.
 */
export function architectureNamed(name: string = convolutional.name): ArchitectureType {
  return types.named(name) as ArchitectureType;
}

/** The kind of a chosen architecture, and what was chosen. */
function partsOf(architecture: ArchitectureChoice): readonly [ArchitectureType, object] {
  const { type, ...options } = architecture as { readonly type?: string };
  return [architectureNamed(type), options];
}

/** What keeps a value from being an architecture, if anything does. */
export function architectureProblem(value: unknown, path: readonly string[]): Problem | undefined {
  const { type, ...options } = Object(value) as { readonly type?: unknown };
  if (type === undefined) return problemOf(value, architectureSlots, path);
  const name = typeof type === 'string' ? types.names().find((each) => each === type) : undefined;
  if (name !== undefined) return problemOf(options, architectureNamed(name).options, path);
  const known = typeof type === 'string' ? suggestion(type, types.names()) : `use one of ${types.names().join(', ')}`;
  return { path: [...path, 'type'], message: `is ${quote(type)}: ${known}` };
}

/**
 * The model of an architecture for a task of this data, as the JSON that `build` reads.
 * @throws {UsageError} when it makes no sense of such examples.
 */
export function modelOf(architecture: ArchitectureChoice, initialiser: string, data: Data, task: Task): ModuleConfig {
  const [type, options] = partsOf(architecture);
  return type.model(options, initialiser, { input: data.input, outputs: task.outputs(data) });
}

/**
 * The architecture of a student of at most so many parameters.
 * @throws {UsageError} when there is none.
 */
export function smallerArchitecture(
  architecture: ArchitectureChoice,
  data: Data,
  task: Task,
  parameters: number,
): ArchitectureChoice {
  const [type, options] = partsOf(architecture);
  if (!type.student)
    throw new UsageError(
      `distill: an architecture of the kind '${type.name}' tells no smaller one: leave the size out, or give it a student`,
    );
  const smaller = type.student(options, { input: data.input, outputs: task.outputs(data) }, parameters);
  return { ...smaller, type: type.name };
}

/** What MNIST asks of a model, and near enough to what other data does. */
const digits: ModelShape = { input: [1, 28, 28], outputs: 10 };

/** How many trained values the model of an architecture has, on examples such as MNIST's; 0 if it makes no sense of them. */
function typicalParameters(architecture: ArchitectureChoice): number {
  const [type, options] = partsOf(architecture);
  if (type.name === convolutional.name) return parametersOf(options as Architecture, imageShape(digits));
  try {
    // Nothing is computed: nobody asks for the values.
    return countParameters(build(type.model(options, 'zeros', digits)));
  } catch (error) {
    if (error instanceof UsageError) return 0;
    throw error;
  }
}

/**
 * About how many bytes a training writes: each value in single precision, in the model, in a checkpoint with what Adam
 * keeps of it, and in the next checkpoint before it takes the place of the last.
 */
export function trainingBytes({ architecture }: Pick<Candidate, 'architecture'>): number {
  return 65_536 + 4 * (1 + 2 * 3) * typicalParameters(architecture);
}
