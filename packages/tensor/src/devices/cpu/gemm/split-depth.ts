/**
 * A vector times a matrix that comes from memory: blocks of its rows are the units, so that each is read in whole rows however
 * many threads there are. Pieces of rows, which units of columns would be, come at half the rate. Sums of blocks are left in
 * scratch, where a tail adds them up.
 */
import type { Access, MatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { finishOf, placeOfSums } from './epilogue.ts';
import { isNear } from './few-rows.ts';
import { gemmKernels } from './gemm.ts';
import { isFloat, matmulCalls } from './matmul.ts';
import { transposed } from './orientation.ts';
import { unitColumns } from './unit-columns.ts';
import { wideBytes, type Blocks } from './wide-sums.ts';

/** Rows of a pair of blocks, at most. The sum of a block is made in f32. */
const rowsOfPair = 1024;
/** Fewest rows that are worth blocks. */
const leastRows = 512;

/** Such a product: where its operands begin, in bytes. */
interface Split {
  /** The product of one row. */
  readonly spec: MatmulSpec;
  readonly n: number;
  readonly k: number;
  readonly blocks: Blocks;
  /** Rows of each block but the last, which may have fewer. */
  readonly deep: number;
  /** Bytes between elements of the vector, and between rows of the matrix. */
  readonly xStep: number;
  readonly rowStep: number;
}

function splitOf(asked: MatmulSpec): Split | undefined {
  if (asked.limits || !asked.batch.every((size) => size === 1)) return undefined;
  const whole = asked.epilogue ? { ...asked, out: placeOfSums(asked) as Access } : asked;
  const spec = whole.m === 1 ? whole : transposed(whole);
  const { m, n, k, a, b, out } = spec;
  const rank = spec.batch.length;
  const isRowMajor = b.strides[rank + 1] === 1 && (out as Access).strides[rank + 1] === 1;
  if (!isFloat(spec) || m !== 1 || !isRowMajor || n <= unitColumns || k <= leastRows || isNear(n * k * 4))
    return undefined;
  const [xStep, rowStep] = [(a.strides[rank + 1] ?? 0) * 4, (b.strides[rank] ?? 0) * 4];
  const deep = Math.ceil(k / (2 * Math.ceil(k / rowsOfPair)));
  return { spec, n, k, blocks: { count: Math.ceil(k / deep), together: 1 }, deep, xStep, rowStep };
}

const begin = (engine: Engine, { binding, offset }: Access): number => engine.address(binding) + offset * 4;

/** The sums of blocks, f32 [blocks, n] in the scratch. */
function sumsOfBlocks({ spec, n, k, deep, xStep, rowStep }: Split, engine: Engine): Calls {
  const { scaledRows } = gemmKernels(engine);
  return () => {
    const [x, rows, sums] = [begin(engine, spec.a), begin(engine, spec.b), engine.address(spec.bindings.length)];
    for (let p = 0, block = 0; p < k; p += deep, block++) {
      engine.serve(block, 1, () => {
        scaledRows(x + p * xStep, rows + p * rowStep, sums + block * n * 4, n, Math.min(deep, k - p), xStep, rowStep);
      });
    }
  };
}

/** The result from the sums of blocks. */
function sumOfSums({ spec, n, blocks }: Split, engine: Engine): Calls {
  const kernels = gemmKernels(engine);
  engine.reserve(wideBytes(blocks, unitColumns), 'matmul');
  const finish = finishOf(spec, engine);
  return () => {
    const [out, sums, wide] = [
      begin(engine, spec.out as Access),
      engine.address(spec.bindings.length),
      engine.workspace,
    ];
    for (let j = 0; j < n; j += unitColumns) {
      const columns = Math.min(unitColumns, n - j);
      for (let block = 0; block < blocks.count; block++) {
        kernels.widen(sums + (block * n + j) * 4, wide, 1, columns, 0, block === 0 ? 1 : 0);
      }
      kernels.narrow(out + j * 4, wide, 1, columns, 0);
      finish(0, 0, j, 1, columns);
    }
  };
}

/** The calls of a product that is a kernel by itself. */
export function productCalls(spec: MatmulSpec, engine: Engine): Calls {
  const split = splitOf(spec);
  return split ? sumsOfBlocks(split, engine) : matmulCalls(spec, engine);
}

/** What one thread does after them. */
export function productTail(spec: MatmulSpec): ((engine: Engine) => Calls) | undefined {
  const split = splitOf(spec);
  return split && ((engine) => sumOfSums(split, engine));
}

/** Bytes of the scratch that they work in. */
export function productScratch(spec: MatmulSpec): readonly number[] {
  const split = splitOf(spec);
  return split ? [split.blocks.count * split.n * 4] : [];
}
