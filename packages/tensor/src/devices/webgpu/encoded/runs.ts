/** How a lane walks rows of codes: in runs that share a scale, and whose sums stay short. */
import { indent } from '../wgsl/wgsl-module.ts';
import type { Codes } from './codes.ts';
import type { EncodedProduct } from './product.ts';
import type { QuadShape } from './quad-stage.ts';

/** Up to so many terms are added up plainly: see `contraction/contraction.ts`. */
const longestPlainSum = 2048;
const blockLength = 512;
/** Where runs are summed and then added up, each takes half of that. */
const halfOfIt = longestPlainSum / 2;
/** Codes that one of several lanes takes in one go: 16 or 32 bytes beside those of its neighbours. */
const laneRun = 32;

/** How a run is summed. */
export interface RunBody {
  /** Statements that sum everything from the column `first` up to `run_end`; `zero` and `scale` are those of the quad. */
  readonly walk: readonly string[];
  /** The sums over the quad, a vec4<f32>, that they leave for a row of x. */
  readonly part: (row: number) => string;
}

/** The length of a run: of one group, and a multiple of a word unless it is the last. */
function runLength({ scaled }: Codes, depth: number, lanes: number): number {
  const most = lanes > 1 ? laneRun : depth <= longestPlainSum ? depth : blockLength;
  if (typeof scaled !== 'number' || scaled >= depth) return most;
  if (scaled <= (lanes > 1 ? laneRun : halfOfIt)) return scaled;
  let length = Math.min(most, blockLength) & ~7;
  while (scaled % length !== 0) length -= 8;
  return length;
}

/** The statements of a lane that add the whole of its rows to `sum0` …. */
export function runLines(
  codes: Codes,
  { depth }: EncodedProduct,
  { lanes, xRows }: QuadShape,
  { walk, part }: RunBody,
): string[] {
  const rows = Array.from({ length: xRows }, (_, row) => row);
  const ofQuad = (name: string, column: string): string =>
    `vec4(${[0, 1, 2, 3].map((row) => `${name}(row${row}, ${column})`).join(', ')})`;
  const grouped = typeof codes.scaled === 'number';
  const length = runLength(codes, depth, lanes);
  const step = length * lanes;
  const inRun = (target: string): string[] => [
    `let run_end = min(first + ${length}u, ${depth}u);`,
    ...(codes.counted ? [`let zero = ${ofQuad('zero_of', 'first')};`] : ['let zero = vec4<f32>();']),
    ...(grouped ? [`let scale = ${ofQuad('scale_of', 'first')};`] : []),
    ...walk,
    ...rows.map((row) => `${target}${row} += ${part(row)};`),
  ];
  const begin = lanes === 1 ? 'origin()' : `origin() + lane * ${length}u`;
  const turns = Math.ceil(depth / step);
  return [
    ...(grouped ? [] : [`let scale = ${ofQuad('scale_of', '0u')};`]),
    ...(turns <= halfOfIt
      ? [`for (var first = ${begin}; first < ${depth}u; first += ${step}u) {`, indent(inRun('sum')), '}']
      : [
          `for (var block = ${begin}; block < ${depth}u; block += ${step * blockLength}u) {`,
          indent([
            `let block_end = min(block + ${step * blockLength}u, ${depth}u);`,
            ...rows.map((row) => `var below${row} = vec4<f32>();`),
            `for (var first = block; first < block_end; first += ${step}u) {`,
            indent(inRun('below')),
            '}',
            ...rows.map((row) => `sum${row} += below${row};`),
          ]),
          '}',
        ]),
  ];
}
