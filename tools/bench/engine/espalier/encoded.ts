/** Products with matrices in a format. */
import {
  blockSparse,
  compile,
  csr,
  encodeMatrix,
  fromTyped,
  int4,
  int8,
  nOfM,
  type EncodedMatrix,
} from '@espalier/tensor';
import { nth, operand, setting, type Operand, type Prepared, type Problem, type Surroundings } from '../problem.ts';
import { blockSize, encodedFormats, groupSize } from '../rows/encoded.ts';
import { placed, repeated } from './repeated.ts';

const encoders: Readonly<Record<(typeof encodedFormats)[number], (w: Operand) => Promise<EncodedMatrix>>> = {
  int8: (w) => encodeMatrix(tensorOf(w), int8),
  int4: (w) => encodeMatrix(tensorOf(w), int4, { group: groupSize }),
  csr: (w) => encodeMatrix(tensorOf(w), csr),
  '2of4': (w) => encodeMatrix(tensorOf(w), nOfM, { n: 2, m: 4 }),
  blocks: (w) => encodeMatrix(tensorOf(w), blockSparse, { height: blockSize, width: blockSize }),
};

const tensorOf = ({ values, shape }: Operand): ReturnType<typeof fromTyped> => fromTyped(values, [...shape]);

/** One prepared step after the other, the first again after the last. */
function inTurns(all: readonly Prepared[]): Prepared {
  let turn = 0;
  const current = (): Prepared => nth(all, turn % all.length);
  return {
    step: () => {
      turn++;
      return current().step();
    },
    results: () => current().results(),
  };
}

/** From the arrays of the format. */
export async function encoded(problem: Problem): Promise<Prepared> {
  const format = encodedFormats[setting(problem, 'format')];
  if (format === undefined) throw new Error('there is no such format');
  const make = (): Promise<EncodedMatrix> => encoders[format](operand(problem, 1));
  const matrices = [await make()];
  while ((matrices[0]?.bytes ?? 0) * matrices.length < setting(problem, 'apart')) matrices.push(await make());
  const x = placed(operand(problem, 0));
  const activations = setting(problem, 'rounded') === 1 ? 'int8' : 'f32';
  return inTurns(
    matrices.map((matrix) => {
      const product = compile((factor: typeof x) => matrix.t().after(factor, { activations }));
      return repeated(([input]) => (input === undefined ? [] : [product(input)]), [x]);
    }),
  );
}

/** The same matrices as numbers. */
export function dense(problem: Problem, { storage }: Surroundings): Prepared {
  const [x, w] = [operand(problem, 0), operand(problem, 1)];
  const count = Math.max(1, Math.ceil(setting(problem, 'apart') / w.values.byteLength));
  const input = placed(x, storage);
  return inTurns(
    Array.from({ length: count }, () =>
      repeated(([a, b]) => (a && b ? [a.matmul(b.t())] : []), [input, placed(w, storage)]),
    ),
  );
}
