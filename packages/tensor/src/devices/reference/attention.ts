/** Attention specs: the shares of one query after the other, in doubles. */
import { queriesTogether } from '../../kernel/attention-spec.ts';
import type { Access, AttentionGradientSpec, AttentionShape, AttentionSpec } from '../../kernel/spec.ts';
import type { Elements } from './elements.ts';
import { forEachIndex, positionIn, sizesAt } from './indices.ts';
import { boundTo, type Interpreter } from './kernel.ts';

/** The element of an operand of a head, at an index of its last two dimensions. */
type Read = (row: number, column: number) => number;

function reader(elements: readonly Elements[], access: Access, head: readonly number[]): Read {
  const own = boundTo(elements, access.binding);
  const first = positionIn(access, ...head);
  const [row = 0, column = 0] = access.strides.slice(head.length);
  return (i, j) => own.read(first + i * row + j * column);
}

/** The score of a query of a head for a key, of so many; undefined where it does not see the key. */
function scorer(
  spec: AttentionShape,
  elements: readonly Elements[],
  head: readonly number[],
  queries: number,
  keys: number,
): (query: number, key: number) => number | undefined {
  const { size, scale, causal } = spec;
  const [q, k] = [reader(elements, spec.q, head), reader(elements, spec.k, head)];
  const mask = spec.mask && reader(elements, spec.mask, head);
  const bias = spec.bias && reader(elements, spec.bias, head);
  return (query, key) => {
    if (causal && key > query + keys - queries) return undefined;
    if (mask && mask(query, key) === 0) return undefined;
    let sum = 0;
    for (let c = 0; c < size; c++) sum += q(query, c) * k(key, c);
    return sum * scale + (bias ? bias(query, key) : 0);
  };
}

/** Interprets attention. */
export function interpretAttention(spec: AttentionSpec): Interpreter {
  const { batch, valueSize, out, logSum, limits } = spec;
  return (elements) => {
    const sizes = sizesAt([...batch, spec.queries, spec.keys], elements, limits);
    const [queries, keys] = sizes.splice(batch.length) as [number, number];
    const [outs, logSums] = [boundTo(elements, out.binding), boundTo(elements, logSum.binding)];
    const index = sizes.map(() => 0);
    forEachIndex(sizes, index, 0, () => {
      const head = [...index];
      const scoreOf = scorer(spec, elements, head, queries, keys);
      const v = reader(elements, spec.v, head);
      for (let query = 0; query < queries; query++) {
        const seen = Array.from({ length: keys }, (_, key) => ({ key, score: scoreOf(query, key) })).filter(
          (each): each is { key: number; score: number } => each.score !== undefined,
        );
        const peak = seen.reduce((most, { score }) => (score <= most ? most : score), Number.NEGATIVE_INFINITY);
        // Of scores of -∞ alone the logarithm is that too: shares are 0 whatever they are scaled by.
        const base = peak === Number.NEGATIVE_INFINITY ? 0 : peak;
        const shares = seen.map(({ score }) => Math.exp(score - base));
        const whole = shares.reduce((sum, share) => sum + share, 0);
        logSums.write(positionIn(logSum, ...head, query), base + Math.log(whole));
        for (let c = 0; c < valueSize; c++) {
          const total = seen.reduce((sum, { key }, at) => sum + (shares[at] as number) * v(key, c), 0);
          outs.write(positionIn(out, ...head, query, c), total / whole);
        }
      }
    });
  };
}

/** Interprets the gradients of attention. */
export function interpretAttentionGradient(spec: AttentionGradientSpec): Interpreter {
  const { batch, queries, keys, size, valueSize, scale, parts } = spec;
  return (elements) => {
    const write = (access: Access, head: readonly number[], row: number, values: Float64Array): void => {
      const own = boundTo(elements, access.binding);
      for (const [c, value] of values.entries()) own.write(positionIn(access, ...head, row, c), value);
    };
    const rows = (count: number, width: number): Float64Array[] =>
      Array.from({ length: count }, () => new Float64Array(width));
    const add = (sums: Float64Array, factor: number, value: (c: number) => number): void => {
      for (let c = 0; c < sums.length; c++) sums[c] = (sums[c] as number) + factor * value(c);
    };
    const index = batch.map(() => 0);
    forEachIndex(batch, index, 0, () => {
      const head = [...index];
      const scoreOf = scorer(spec, elements, head, queries, keys);
      const of = (access: Access): Read => reader(elements, access, head);
      const [q, k, v, g, logSum, delta] = [of(spec.q), of(spec.k), of(spec.v), of(spec.g), of(spec.logSum), of(spec.delta)]; // prettier-ignore
      const dq = rows(queries, size);
      for (let part = 0; part < parts; part++) {
        const [dk, dv] = [rows(keys, size), rows(keys, valueSize)];
        for (let query = 0; query < queries; query++) {
          if (Math.floor(query / queriesTogether) % parts !== part) continue;
          if (logSum(query, 0) === Number.NEGATIVE_INFINITY) continue;
          for (let key = 0; key < keys; key++) {
            const score = scoreOf(query, key);
            if (score === undefined) continue;
            const share = Math.exp(score - logSum(query, 0));
            let towards = 0;
            for (let c = 0; c < valueSize; c++) towards += g(query, c) * v(key, c);
            const change = scale * share * (towards - delta(query, 0));
            add(dq[query] as Float64Array, change, (c) => k(key, c));
            add(dk[key] as Float64Array, change, (c) => q(query, c));
            add(dv[key] as Float64Array, share, (c) => g(query, c));
          }
        }
        for (const [key, values] of dk.entries()) write(spec.dk, [...head, part], key, values);
        for (const [key, values] of dv.entries()) write(spec.dv, [...head, part], key, values);
      }
      for (const [query, values] of dq.entries()) write(spec.dq, head, query, values);
    });
  };
}
