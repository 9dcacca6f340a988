/** Causal attention: forward, with its gradients, and at a length whose scores would not fit into memory. */
import { at, type Problem } from '../problem.ts';
import { expectedAt, stream, uniform } from '../random.ts';
import type { Row } from '../row.ts';

const depth = 64;

/** Queries, keys, values and the gradient of the result, [heads, length, 64] each. */
function attention(op: string, heads: number, length: number): Problem {
  const next = stream(heads + length);
  const shape = [heads, length, depth];
  const [q, k, v, g] = [
    uniform(next, shape, -2, 2),
    uniform(next, shape, -2, 2),
    uniform(next, shape),
    uniform(next, shape),
  ];
  const element = (index: number): number => {
    const [line, column] = [Math.floor(index / depth), index % depth];
    const [head, position] = [Math.floor(line / length), line % length];
    let [sum, total] = [0, 0];
    for (let other = head * length; other <= head * length + position; other++) {
      let score = 0;
      for (let d = 0; d < depth; d++) score += at(q.values, line * depth + d) * at(k.values, other * depth + d);
      const mass = Math.exp(score / Math.sqrt(depth));
      total += mass;
      sum += mass * at(v.values, other * depth + column);
    }
    return sum / total;
  };
  return {
    op,
    operands: [q, k, v, g],
    settings: { heads, length, depth },
    expected: () => expectedAt(heads * length * depth, element),
  };
}

/** Attention. */
export const attentionRows: readonly Row[] = [
  {
    name: 'attention',
    sizes: '8 heads, length 512, depth 64, causal',
    problem: () => attention('attention', 8, 512),
    targets: { js: 3, native: 0.5, threads: 1.85 },
  },
  {
    name: 'attention-gradients',
    sizes: '8 heads, length 512, depth 64, causal: the result and three gradients',
    problem: () => attention('attention-gradients', 8, 512),
    targets: { js: 3, native: 0.5, forward: 1 / 2.8 },
    forwardOp: 'attention',
  },
  {
    name: 'attention-8192',
    sizes: '8 heads, length 8192, depth 64, causal',
    problem: () => attention('attention', 8, 8192),
    targets: { js: 3, native: 0.5 },
  },
];
