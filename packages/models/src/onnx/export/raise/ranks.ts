/** How many axes values of a graph surely have, where a few nodes back it is said. */
import type { Declared } from '../../run/graph.ts';
import type { WrittenNode } from '../graph-writer.ts';

/** Operators that give as many axes as their first input has. */
const keeping: ReadonlySet<string> = new Set(
  'BatchNormalization Clip Conv Dropout Elu Identity InstanceNormalization LeakyRelu LogSoftmax MaxPool Relu Sigmoid Softmax Tanh'.split(
    ' ',
  ),
);

/** What asks for the number of axes of a value by its name. */
export function ranksOf(
  nodes: readonly WrittenNode[],
  inputs: readonly Declared[],
): (name: string) => number | undefined {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const given = new Map(inputs.map(({ name, shape }) => [name, shape?.length]));
  return (name) => {
    let at = name;
    for (let steps = 0; steps <= nodes.length; steps++) {
      const node = makers.get(at);
      if (!node || node.domain !== '') return given.get(at);
      if (node.type === 'Gemm' || node.type === 'Flatten') return 2;
      const order = node.attributes.get('perm');
      if (node.type === 'Transpose' && Array.isArray(order)) return order.length;
      if (!keeping.has(node.type)) return undefined;
      at = node.inputs[0] ?? '';
    }
    return undefined;
  };
}
