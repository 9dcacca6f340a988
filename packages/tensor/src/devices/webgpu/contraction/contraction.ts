/**
 * The common form of matrix products and convolutions: per batch, out[i, j] = Σ_k left[i, k] · right[k, j].
 *
 * A contraction is a module that defines these WGSL functions; the tile kernels are written in terms of them alone:
 *
 *   left_start(batch), right_start(batch)   where a batch begins, passed on to the others as `start`
 *   left(start, i, k), right(start, k, j)   one element as f32
 *   left_rows(start, i, k)                  elements i … i + 3; beyond the last row anything
 *   right_columns(start, k, j)              elements j … j + 3; beyond the last column anything
 *   left_depth(start, i, k), right_depth(start, k, j)   elements k … k + 3, only if declared
 *   finish(batch, i, j, values)             takes the finished elements [i, j … j + 3], those inside
 */
import type { Stage } from '../program.ts';
import { indent, type WgslModule } from '../wgsl/wgsl-module.ts';
import { wholeEnd, type End, type Ends } from './ends.ts';

/** A contraction ready to be given a tile kernel. */
export interface Contraction {
  readonly module: WgslModule;
  readonly title: string;
  readonly slots: Stage['slots'];
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Where lengths are read, if there are any. */
  readonly ends?: Ends | undefined;
  /** The sum over k is cut into this many parts, each finished on its own as batch `batch · splits + part`. */
  readonly splits: number;
  /** Along which direction four elements are one load: with `depth`, the depth functions exist. */
  readonly leftVector: 'rows' | 'depth' | 'none';
  readonly rightVector: 'columns' | 'depth' | 'none';
}

/** Elements of k that one part sums: a multiple of 4. */
export function partLength({ k, splits }: Pick<Contraction, 'k' | 'splits'>): number {
  return Math.ceil(k / splits / 4) * 4;
}

/** The functions that gather four elements one by one, for operands that cannot do better. */
export function addGatheringFunctions(
  module: WgslModule,
  { m, n, rows, columns }: { m: number; n: number; rows: boolean; columns: boolean },
): void {
  const four = (call: (position: string) => string, first: string, last: number): string =>
    `vec4(${[0, 1, 2, 3].map((step) => call(step === 0 ? first : `min(${first} + ${step}u, ${last}u)`)).join(', ')})`;
  if (rows) {
    module.add(`fn left_rows(start: u32, i: u32, k: u32) -> vec4<f32> {
  return ${four((row) => `left(start, ${row}, k)`, 'i', m - 1)};
}`);
  }
  if (columns) {
    module.add(`fn right_columns(start: u32, k: u32, j: u32) -> vec4<f32> {
  return ${four((column) => `right(start, k, ${column})`, 'j', n - 1)};
}`);
  }
}

/** Where rows, columns and k end, and the statements to begin a kernel with: they read lengths, and leave where no batch is. */
export function boundsOf({ ends, m, n, k, splits }: Contraction): {
  readonly lines: readonly string[];
  readonly m: End;
  readonly n: End;
  readonly k: End;
} {
  if (!ends) return { lines: [], m: wholeEnd(m), n: wholeEnd(n), k: wholeEnd(k) };
  const lines = [...ends.batchLines, ...ends.m.lines, ...ends.n.lines, ...ends.k.lines];
  const beyond = ends.beyond(splits === 1 ? 'batch' : `(batch / ${splits}u)`);
  return {
    lines: beyond.length === 0 ? lines : [...lines, `if (${beyond.join(' || ')}) { return; }`],
    m: ends.m,
    n: ends.n,
    k: ends.k,
  };
}

/** How far a sum over k goes, as expressions, and the statements that define them. */
export function depthRange(contraction: Contraction): {
  readonly lines: string[];
  readonly first: string;
  readonly end: string;
} {
  const { splits } = contraction;
  const { shown } = boundsOf(contraction).k;
  if (splits === 1) return { lines: [], first: '0u', end: shown };
  const length = partLength(contraction);
  return {
    lines: [`let k_first = (batch % ${splits}u) * ${length}u;`, `let k_end = min(k_first + ${length}u, ${shown});`],
    first: 'k_first',
    end: 'k_end',
  };
}

/**
 * Up to so many products are added up plainly: wide tiles have no registers to spare. More are added in blocks, and the
 * blocks to a second sum.
 */
const longestPlainSum = 2048;
/** A multiple of every slab and step of k. */
const blockLength = 512;

/** Sums over k in blocks, if k is long: how to declare them, to walk k, and to name what they come to. */
export interface DepthBlocks {
  readonly declarations: readonly string[];
  /** The statements for all of k, given those from `first` up to `end`, which are expressions. */
  readonly inBlocks: (lines: (first: string, end: string) => readonly string[]) => readonly string[];
  readonly whole: (name: string) => string;
}

/** How the vec4 sums `names` are kept over the range of k that `depthRange` gave. */
export function depthBlocks(
  contraction: Contraction,
  { first, end }: Pick<ReturnType<typeof depthRange>, 'first' | 'end'>,
  names: readonly string[],
): DepthBlocks {
  const zero = (name: string): string => `var ${name} = vec4<f32>();`;
  if (Math.min(contraction.k, partLength(contraction)) <= longestPlainSum)
    return { declarations: names.map(zero), inBlocks: (lines) => lines(first, end), whole: (name) => name };
  const whole = (name: string): string => `whole_${name}`;
  return {
    declarations: names.map((name) => zero(whole(name))),
    inBlocks: (lines) => [
      `for (var block_first = ${first}; block_first < ${end}; block_first += ${blockLength}u) {`,
      indent([
        `let block_end = min(block_first + ${blockLength}u, ${end});`,
        ...names.map(zero),
        ...lines('block_first', 'block_end'),
        ...names.map((name) => `${whole(name)} += ${name};`),
      ]),
      '}',
    ],
    whole,
  };
}

/** The statements that find where the operands of `batch` begin. */
export function startLines({ splits }: Contraction): string[] {
  const whole = splits === 1 ? 'batch' : `batch / ${splits}u`;
  return [`let left_begin = left_start(${whole});`, `let right_begin = right_start(${whole});`];
}
