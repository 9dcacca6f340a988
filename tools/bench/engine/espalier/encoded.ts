/** Products with matrices in a format. */
import {
  blockSparse,
  compile,
  csr,
  int4,
  int8,
  matrixFromArrays,
  nOfM,
  type EncodedMatrix,
  type Encoding,
  type MatrixFormat,
  type StoredFormat,
} from '@espalier/tensor';
import { nth, operand, setting, type Operand, type Prepared, type Problem, type Surroundings } from '../problem.ts';
import { blockSize, encodedFormats, groupSize } from '../rows/encoded.ts';
import { placed, repeated } from './repeated.ts';

/** How a matrix is encoded, which for some formats takes longer than a thousand products: once, however many there are of it. */
interface Made {
  readonly format: StoredFormat;
  readonly encoding: Encoding;
}

const made =
  <Options extends object>(format: MatrixFormat<Options>, options: Options) =>
  ({ values, shape: [rows = 0, columns = 0] }: Operand): Made => ({
    format,
    encoding: format.encode(Float32Array.from(values), [rows, columns], options),
  });

const encoders: Readonly<Record<(typeof encodedFormats)[number], (w: Operand) => Made>> = {
  int8: made(int8, {}),
  int4: made(int4, { group: groupSize }),
  csr: made(csr, {}),
  '2of4': made(nOfM, { n: 2, m: 4 }),
  blocks: made(blockSparse, { height: blockSize, width: blockSize }),
};

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
export function encoded(problem: Problem): Prepared {
  const format = encodedFormats[setting(problem, 'format')];
  if (format === undefined) throw new Error('there is no such format');
  const w = operand(problem, 1);
  const from = encoders[format](w);
  const make = (): EncodedMatrix => matrixFromArrays(from.format, [nth(w.shape, 0), nth(w.shape, 1)], from.encoding);
  const matrices = [make()];
  while ((matrices[0]?.bytes ?? 0) * matrices.length < setting(problem, 'apart')) matrices.push(make());
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
