/** Runs a graph: node after node, each by its operator. */
import type { Device } from '@espalier/tensor';
import { OnnxError } from '../errors.ts';
import type { Value } from '../values/value.ts';
import { Call, explained, type CallSetting } from './call.ts';
import type { Graph, GraphNode } from './graph.ts';

/** Where, and how. */
export interface EvaluateSetting {
  readonly device: Device;
  readonly hostElements: number;
}

/** Values by their names, and those of the graph around. */
class Names {
  readonly #own = new Map<string, Value>();
  readonly #around: Names | undefined;

  constructor(around?: Names) {
    this.#around = around;
  }

  get(name: string): Value | undefined {
    return this.#own.get(name) ?? this.#around?.get(name);
  }

  set(name: string, value: Value): void {
    this.#own.set(name, value);
  }
}

/**
 * The outputs of a graph for inputs, in their order.
 * @throws {OnnxError} naming the node, for what it cannot do.
 */
export function evaluate(graph: Graph, inputs: readonly Value[], setting: EvaluateSetting): readonly Value[] {
  return runGraph(graph, inputs, setting, undefined);
}

function runGraph(
  graph: Graph,
  inputs: readonly Value[],
  { device, hostElements }: EvaluateSetting,
  around: Names | undefined,
): readonly Value[] {
  const names = new Names(around);
  for (const [name, value] of graph.constants) names.set(name, value);
  for (const [index, { name }] of graph.inputs.entries()) {
    const value = inputs[index];
    if (value === undefined) throw new OnnxError('onnx', `the input '${name}' is missing`);
    // What a function leaves out has no value, and is left out by its nodes too.
    if (value.kind !== 'nothing' || around) names.set(name, value);
  }
  const setting = {
    device,
    hostElements,
    runGraph: (inner: Graph, given: readonly Value[]) => runGraph(inner, given, { device, hostElements }, names),
  };
  for (const node of graph.nodes) {
    const values = node.inputs.map((name) => (name === '' ? undefined : names.get(name)));
    for (const [name, value] of callNode(node, values, setting)) names.set(name, value);
  }
  return graph.outputs.map(({ name }) => {
    const value = names.get(name);
    if (value === undefined) throw new OnnxError('onnx', `no node gives the output '${name}'`);
    return value;
  });
}

/**
 * What a node gives for values, by the names of its outputs.
 * @throws {OnnxError} naming the node, for what it cannot do.
 */
export function callNode(
  node: GraphNode,
  values: readonly (Value | undefined)[],
  setting: CallSetting,
): (readonly [name: string, value: Value])[] {
  const call = new Call(node, values, setting);
  try {
    const given = node.operator.run(call);
    const results: readonly (Value | undefined)[] = isList(given) ? given : [given];
    return node.outputs.flatMap((name, index): (readonly [string, Value])[] =>
      name === '' ? [] : [[name, results[index] ?? call.refuse(`its output ${index} is not computed here`)]],
    );
  } catch (error) {
    throw explained(error, node);
  }
}

function isList(given: Value | readonly (Value | undefined)[]): given is readonly (Value | undefined)[] {
  return Array.isArray(given);
}
