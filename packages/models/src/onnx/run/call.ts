/** A node that is called with values: what an operator sees of it. */
import type { Device, Tensor } from '@espalier/tensor';
import { OnnxError } from '../errors.ts';
import { elementTypes, type ElementType } from '../values/element-types.ts';
import { fewElements } from '../values/read-tensor.ts';
import { OnnxTensor, type SequenceValue, type Value } from '../values/value.ts';
import type { Attribute, Graph, GraphNode } from './graph.ts';

/** What a call needs from outside. */
export interface CallSetting {
  readonly device: Device;
  /** Whole numbers of at most this many elements stay on the host. */
  readonly hostElements: number;
  /** Runs a graph within, which sees the values around it. */
  readonly runGraph: (graph: Graph, inputs: readonly Value[]) => readonly Value[];
}

/** A node, its inputs, and its attributes by what they should be. */
export class Call {
  readonly node: GraphNode;
  readonly setting: CallSetting;
  readonly #inputs: readonly (Value | undefined)[];

  constructor(node: GraphNode, inputs: readonly (Value | undefined)[], setting: CallSetting) {
    this.node = node;
    this.setting = setting;
    this.#inputs = inputs;
  }

  /** The version of the operators of the node's domain. */
  get version(): number {
    return this.node.version;
  }

  get device(): Device {
    return this.setting.device;
  }

  /** How many inputs the node names. */
  get count(): number {
    return this.#inputs.length;
  }

  /** Whether the node names an output. */
  wants(index: number): boolean {
    return (this.node.outputs[index] ?? '') !== '';
  }

  /** @throws {OnnxError} in any case, naming the node. */
  refuse(problem: string): never {
    throw new OnnxError(this.node.label, problem);
  }

  /** An input, whatever it is; undefined where it is left out. */
  value(index: number): Value | undefined {
    return this.#inputs[index];
  }

  /** A tensor; undefined where it is left out. */
  optional(index: number): OnnxTensor | undefined {
    const value = this.#inputs[index];
    if (value === undefined || value.kind === 'tensor') return value;
    return this.refuse(
      `its input ${index} is ${value.kind === 'sequence' ? 'a sequence' : 'empty'}; it takes a tensor`,
    );
  }

  /** A tensor that must be there. */
  input(index: number): OnnxTensor {
    return this.optional(index) ?? this.refuse(`its input ${index} is missing`);
  }

  /** All inputs that are there, as tensors. */
  inputs(): OnnxTensor[] {
    return this.#inputs.flatMap((_, index) => this.optional(index) ?? []);
  }

  /** A sequence that must be there. */
  sequence(index: number): SequenceValue {
    const value = this.#inputs[index];
    return value?.kind === 'sequence' ? value : this.refuse(`its input ${index} is no sequence`);
  }

  /** A tensor of the engine. */
  tensor(index: number): Tensor {
    return this.placed(this.input(index));
  }

  /** A tensor of the engine; undefined where it is left out. */
  optionalTensor(index: number): Tensor | undefined {
    const value = this.optional(index);
    return value && this.placed(value);
  }

  /** A value on the device. */
  placed(value: OnnxTensor): Tensor {
    return this.told(() => value.tensor(this.device));
  }

  /** The numbers of an input; undefined where it is left out. */
  numbers(index: number): readonly number[] | undefined {
    const value = this.optional(index);
    return value && this.read(value);
  }

  /** The numbers of a value; those of a device are read. */
  read(value: OnnxTensor): readonly number[] {
    return this.told(() => value.numbers());
  }

  /** The one number of an input; undefined where it is left out. */
  number(index: number): number | undefined {
    const numbers = this.numbers(index);
    if (numbers === undefined) return undefined;
    return numbers.length === 1
      ? numbers[0]
      : this.refuse(`its input ${index} has ${numbers.length} elements, not one`);
  }

  /** Whether all inputs are known on the host, and so few that they are better computed there. */
  get isHosted(): boolean {
    const { hostElements } = this.setting;
    return this.#inputs.every(
      (value) => value === undefined || (value.kind === 'tensor' && value.isKnown && value.size <= hostElements),
    );
  }

  /** An attribute as it stands; undefined where it is left out. */
  attribute(name: string): Attribute | undefined {
    return this.node.attributes.get(name);
  }

  /** A number. */
  real<Default extends number | undefined>(name: string, fallback: Default): number | Default {
    return this.#typed(name, fallback, 'a number', isNumber);
  }

  /** Whether a number is not 0. */
  truth(name: string, fallback = false): boolean {
    return this.real(name, Number(fallback)) !== 0;
  }

  /** Several numbers. */
  list<Default extends readonly number[] | undefined>(name: string, fallback: Default): readonly number[] | Default {
    return this.#typed(name, fallback, 'a list of numbers', areNumbers);
  }

  /** A text. */
  text<Default extends string | undefined>(name: string, fallback: Default): string | Default {
    return this.#typed(name, fallback, 'a text', isText);
  }

  /** Several texts. */
  texts<Default extends readonly string[] | undefined>(name: string, fallback: Default): readonly string[] | Default {
    return this.#typed(name, fallback, 'a list of texts', areTexts);
  }

  /** A graph that must be there. */
  graph(name: string): Graph {
    const value = this.attribute(name);
    if (typeof value === 'object' && 'nodes' in value) return value;
    return this.refuse(`has no graph '${name}'`);
  }

  #typed<Kind extends Attribute, Default>(
    name: string,
    fallback: Default,
    what: string,
    is: (value: Attribute) => value is Kind,
  ): Kind | Default {
    const value = this.attribute(name);
    if (value === undefined) return fallback;
    return is(value) ? value : this.refuse(`its attribute '${name}' is not ${what}`);
  }

  /** An axis counted from the front. */
  axis(value: number, rank: number): number {
    if (!Number.isInteger(value) || value < -rank || value >= rank)
      this.refuse(`its axis ${value} is not one of a tensor of ${rank} dimensions`);
    return value < 0 ? value + rank : value;
  }

  /** The result of an engine's operation as a value. */
  give(type: ElementType, tensor: Tensor): OnnxTensor {
    return OnnxTensor.of(type, tensor);
  }

  /** @throws {OnnxError} where a type is not one of those that the operator is for. */
  needKind(value: OnnxTensor, ...kinds: readonly (typeof elementTypes)[ElementType]['kind'][]): void {
    const { kind, name } = elementTypes[value.type];
    if (!kinds.includes(kind)) this.refuse(`is not computed with ${name} here; cast it first`);
  }

  /** What a body gives; what goes wrong in it is told with the name of the node. */
  told<Result>(body: () => Result): Result {
    try {
      return body();
    } catch (error) {
      throw explained(error, this.node);
    }
  }
}

const isNumber = (value: Attribute): value is number => typeof value === 'number';
const isText = (value: Attribute): value is string => typeof value === 'string';
const areNumbers = (value: Attribute): value is readonly number[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'number');
const areTexts = (value: Attribute): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** An error with the name of the node that it arose in; those that name one stay as they are. */
export function explained(error: unknown, node: GraphNode): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof OnnxError && error.operation !== 'onnx') return error;
  const told = new OnnxError(node.label, error.message.replace(/^onnx: /, ''));
  told.cause = error;
  return told;
}

/** As many whole numbers as stay on the host, unless a run says otherwise. */
export const usualHostElements: number = fewElements;
