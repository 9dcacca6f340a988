/** Espalier on one thread, with matrices as numbers whatever format a workload asks for. */
import { compile, cpu, fromTyped } from '@espalier/tensor';
import { placed, repeated } from './espalier.mjs';

export const name = () => `espalier, dense f32 (${cpu().description})`;

export function encoded({ size, rows, weight, x }) {
  const [w, input] = [placed(fromTyped(weight, [size, size])), placed(fromTyped(x, [rows, size]))];
  const product = compile((factor) => factor.matmul(w.t()));
  return repeated(() => product(input), 2);
}
