/** Attention specs: the shares of one query after the other, in doubles. */
import type { Access, AttentionShape, AttentionSpec } from '../../kernel/spec.ts';
import type { Elements } from './elements.ts';
import { forEachIndex, positionIn, sizesAt } from './indices.ts';
import { boundTo, type Interpreter } from './kernel.ts';

/** An operand's element at an index of its dimensions. */
type Read = (...index: readonly number[]) => number;

function reader(elements: readonly Elements[], access: Access): Read {
  const own = boundTo(elements, access.binding);
  return (...index) => own.read(positionIn(access, ...index));
}

/** The score of each query for each of so many keys; undefined where it does not see the key. */
export function scorer(
  spec: AttentionShape,
  elements: readonly Elements[],
  queries: number,
  keys: number,
): (head: readonly number[], query: number, key: number) => number | undefined {
  const [q, k] = [reader(elements, spec.q), reader(elements, spec.k)];
  const mask = spec.mask && reader(elements, spec.mask);
  const bias = spec.bias && reader(elements, spec.bias);
  const { size, scale, causal } = spec;
  return (head, query, key) => {
    if (causal && key > query + keys - queries) return undefined;
    if (mask && mask(...head, query, key) === 0) return undefined;
    let sum = 0;
    for (let p = 0; p < size; p++) sum += q(...head, query, p) * k(...head, key, p);
    return sum * scale + (bias ? bias(...head, query, key) : 0);
  };
}

/** Interprets attention. */
export function interpretAttention(spec: AttentionSpec): Interpreter {
  const { batch, valueSize, out, logSum, limits } = spec;
  return (elements) => {
    const sizes = sizesAt([...batch, spec.queries, spec.keys], elements, limits);
    const [queries, keys] = sizes.splice(batch.length) as [number, number];
    const scoreOf = scorer(spec, elements, queries, keys);
    const v = reader(elements, spec.v);
    const [outs, logSums] = [boundTo(elements, out.binding), boundTo(elements, logSum.binding)];
    const index = sizes.map(() => 0);
    forEachIndex(sizes, index, 0, () => {
      const head = [...index];
      for (let query = 0; query < queries; query++) {
        const seen = Array.from({ length: keys }, (_, key) => ({ key, score: scoreOf(head, query, key) })).filter(
          (each): each is { key: number; score: number } => each.score !== undefined,
        );
        const peak = seen.reduce((most, { score }) => (score <= most ? most : score), Number.NEGATIVE_INFINITY);
        const shares = seen.map(({ score }) => Math.exp(score - peak));
        const whole = shares.reduce((sum, share) => sum + share, 0);
        logSums.write(positionIn(logSum, ...head, query), peak + Math.log(whole));
        for (let c = 0; c < valueSize; c++) {
          const total = seen.reduce((sum, { key }, at) => sum + (shares[at] as number) * v(...head, key, c), 0);
          outs.write(positionIn(out, ...head, query, c), total / whole);
        }
      }
    });
  };
}
