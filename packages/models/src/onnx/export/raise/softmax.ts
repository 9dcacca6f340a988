/**
 * `Softmax`, `LogSoftmax` and `Hardmax`, which took the axes from one on as one. Since 13 they take one axis: the same where that is
 * the last, and else the same of a matrix that is laid out as it was after.
 */
import { changed, numberOf, outputOf, type Rewrite } from './rewrite.ts';

/** Along the rest of the axes, as along the one of a matrix. */
export const alongRest: Rewrite = (node, { rankOf }) => {
  const [x = ''] = node.inputs;
  const axis = numberOf(node, 'axis', 1);
  const rank = rankOf(x);
  if (axis === -1 || (rank !== undefined && axis === rank - 1)) return [changed(node, { attributes: { axis: -1 } })];
  const name = outputOf(node);
  const part = (what: string): string => `${name}.${what}`;
  const added = (type: string, inputs: readonly string[], what: string) =>
    ({
      ...node,
      type,
      name: part(what),
      inputs,
      outputs: [part(what)],
      attributes: new Map(),
      floats: new Set<string>(),
    }) as const;
  return [
    added('Shape', [x], 'shape'),
    changed(added('Flatten', [x], 'flat'), { attributes: { axis } }),
    changed(node, { inputs: [part('flat')], outputs: [part('rows')], attributes: { axis: -1 } }),
    { ...added('Reshape', [part('rows'), part('shape')], 'whole'), outputs: node.outputs },
  ];
};
