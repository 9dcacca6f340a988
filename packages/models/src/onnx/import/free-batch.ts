/** Models that were exported for one size of a batch, made to take others where that can be shown to be right. */
import { concat, Generator, rand, randint, scope, type Device, type Tensor } from '@espalier/tensor';
import { usualHostElements } from '../run/call.ts';
import { evaluate } from '../run/evaluate.ts';
import type { Graph } from '../run/graph.ts';
import { elementTypes } from '../values/element-types.ts';
import { OnnxTensor, type Value } from '../values/value.ts';

/** What a graph gives for a batch; undefined where it does not take it, or gives no tensor. */
function given(graph: Graph, x: Tensor, device: Device): Tensor | undefined {
  const { type = 'f32' } = graph.inputs[0] ?? {};
  try {
    const [y] = evaluate(graph, [OnnxTensor.of(type, x)], { device, hostElements: usualHostElements });
    return y?.kind === 'tensor' ? y.tensor(device) : undefined;
  } catch {
    return undefined;
  }
}

/** With 0 for the size of the batch in every Reshape: what ONNX writes for "as it was". */
function withoutSizes(graph: Graph, batch: number): Graph {
  const constants = new Map<string, Value>(graph.constants);
  const nodes = graph.nodes.map((node) => {
    const [x = '', name = ''] = node.inputs;
    const shape = graph.constants.get(name);
    if (node.type !== 'Reshape' || node.domain !== '' || shape?.kind !== 'tensor' || !shape.isKnown) return node;
    const sizes = shape.numbers();
    if (sizes[0] !== batch || sizes.includes(0)) return node;
    const free = `${name}.free`;
    constants.set(free, OnnxTensor.numbers('i64', [0, ...sizes.slice(1)]));
    return { ...node, inputs: [x, free] };
  });
  return { ...graph, constants, nodes };
}

/**
 * A graph that takes any batch, if the one given takes only that which it declares, and a test on numbers shows that the new one
 * gives for two batches what it gives for each; else the graph as it is.
 */
export function freeBatch(graph: Graph, device: Device): Graph {
  const [{ shape = [], type = 'f32' } = {}] = graph.inputs;
  const [batch] = shape;
  const { carrier, kind } = elementTypes[type];
  if (typeof batch !== 'number' || batch < 1 || carrier === undefined) return graph;
  if (!shape.every((size) => typeof size === 'number' && size > 0)) return graph;
  const changed = withoutSizes(graph, batch);
  if (changed.constants.size === graph.constants.size) return graph;
  const generator = new Generator(1);
  const sizes = shape as readonly number[];
  const isRight = scope(() => {
    const draw = (): Tensor =>
      kind === 'float'
        ? rand(sizes, { generator, device }).cast(carrier)
        : randint(0, 2, sizes, { generator, device }).cast(carrier);
    const [a, b] = [draw().realizeSync(), draw().realizeSync()];
    const both = concat([a, b]);
    if (given(graph, both, device)) return false;
    const [ya, yb, yy] = [given(graph, a, device), given(graph, b, device), given(changed, both, device)];
    if (!ya || !yb || !yy || yy.shape[0] !== 2 * (ya.shape[0] ?? 0)) return false;
    const apart = yy
      .sub(concat([ya, yb]))
      .abs()
      .max();
    return apart.le(ya.abs().max().mul(1e-4).add(1e-6)).itemSync() !== 0;
  });
  return isRight ? changed : graph;
}
