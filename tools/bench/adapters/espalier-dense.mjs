/** Espalier on one thread, with matrices as numbers whatever format a workload asks for. */
import { compile, cpu, fromTyped } from '@espalier/tensor';
import { inTurns, placed, repeated } from './espalier.mjs';

export const name = () => `espalier, dense f32 (${cpu().description})`;

export function encoded({ size, rows, weight, x, apart }) {
  const input = placed(fromTyped(x, [rows, size]));
  const count = Math.max(1, Math.ceil(apart / weight.byteLength));
  const weights = Array.from({ length: count }, () => placed(fromTyped(weight, [size, size])));
  const next = inTurns(weights.map((w) => compile((factor) => factor.matmul(w.t()))));
  return repeated(() => next()(input), 2);
}
