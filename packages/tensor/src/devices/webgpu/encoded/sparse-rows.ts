/**
 * Layouts that have only some elements: how the entries of a row are walked. Each rule adds to its module
 *
 *   row_sum(row, lane, i) -> T      Σ x · value over every entry of a row that falls to a lane
 *
 * where T is f32 for one row of x, or vec4<f32> for four, and `x_at(i, column)` reads x.
 */
import { groupsOf } from '../../../kernel/groups.ts';
import type { EncodedLayout } from '../../../kernel/spec.ts';
import { bufferName } from '../wgsl/storage.ts';
import { indent, type WgslModule } from '../wgsl/wgsl-module.ts';
import { addWordReader } from './codes.ts';
import type { EncodedProduct } from './product.ts';

/** What a row is walked for. */
export interface SparseSite {
  readonly module: WgslModule;
  readonly product: EncodedProduct;
  readonly lanes: number;
  readonly type: 'f32' | 'vec4<f32>';
}

export type SparseLayout = EncodedLayout & ('csr' | 'bitmask' | 'n-of-m' | 'blocks');

/** Up to so many terms are added up plainly, and that many turns of a loop are a block: see `contraction/contraction.ts`. */
const longestPlainSum = 2048;
const blockLength = 512;

/** A loop of a lane. */
interface LaneLoop {
  /** The counter and where it goes, as expressions; lanes take turns of `step`. */
  readonly name: string;
  readonly first: string;
  readonly end: string;
  readonly step: number;
  /** Terms that a turn adds to `part`, and the most that a row has. */
  readonly terms: number;
  readonly most: number;
  readonly body: readonly string[];
}

/** A sum over the turns of a loop that fall to a lane, in blocks where it may be long; it ends up in `part`. */
function laneSum({ lanes, type }: SparseSite, { name, first, end, step, terms, most, body }: LaneLoop): string[] {
  const begin = lanes === 1 ? first : `${first} + lane${step === 1 ? '' : ` * ${step}u`}`;
  const stride = step * lanes;
  if (most / lanes <= longestPlainSum)
    return [
      `var part = ${type}();`,
      `for (var ${name} = ${begin}; ${name} < ${end}; ${name} += ${stride}u) {`,
      indent(body),
      '}',
    ];
  const block = stride * Math.max(1, Math.floor(blockLength / terms));
  return [
    `var whole = ${type}();`,
    `for (var block = ${begin}; block < ${end}; block += ${block}u) {`,
    indent([
      `let block_end = min(block + ${block}u, ${end});`,
      `var part = ${type}();`,
      `for (var ${name} = block; ${name} < block_end; ${name} += ${stride}u) {`,
      indent(body),
      '}',
      'whole += part;',
    ]),
    '}',
    'let part = whole;',
  ];
}

/**
 * Adds `value_at(entry, scale)`, and `row_sum` of statements that leave their sum in `part`. Codes are scaled before they meet
 * x: sums of codes times x overflow where x · element is far from it. `values` is the part that holds what entries are.
 */
function addRowSum({ module, product: { spec }, type }: SparseSite, values: number, lines: readonly string[]): void {
  const [buffer, scales] = [bufferName(spec.parts[values] ?? 0), bufferName(spec.parts[values + 1] ?? 0)];
  const asCodes = spec.settings['values'] === 'int8';
  const value = asCodes ? `f32(${module.use('unpack_i8')}(${buffer}[entry / 4u], entry)) * scale` : `${buffer}[entry]`;
  module.add(`fn value_at(entry: u32, scale: f32) -> f32 {
  return ${value};
}`);
  module.add(`fn row_sum(row: u32, lane: u32, i: u32) -> ${type} {
${indent([`let scale = ${asCodes ? `${scales}[row]` : '1.0'};`, ...lines, 'return part;'])}
}`);
}

/** The range of entries of a row, in `begin` and `end`, from offsets. */
function offsetLines({ product: { spec } }: SparseSite, row: string): string[] {
  const offsets = bufferName(spec.parts[0] ?? 0);
  return [`let begin = u32(${offsets}[${row}]);`, `let end = u32(${offsets}[${row} + 1u]);`];
}

const columnOfEntry: Readonly<Record<number, (buffer: string) => string>> = {
  1: (buffer) => `extractBits(${buffer}[entry / 4u], entry % 4u * 8u, 8u)`,
  2: (buffer) => `extractBits(${buffer}[entry / 2u], entry % 2u * 16u, 16u)`,
  4: (buffer) => `u32(${buffer}[entry])`,
};

/** By layout. */
export const sparseRows: Readonly<Record<SparseLayout, (site: SparseSite) => void>> = {
  csr: (site) => {
    const { spec } = site.product;
    const column = columnOfEntry[Number(spec.settings['columnBytes'])]?.(bufferName(spec.parts[1] ?? 0)) ?? '';
    addRowSum(site, 2, [
      ...offsetLines(site, 'row'),
      ...laneSum(site, {
        name: 'entry',
        first: 'begin',
        end: 'end',
        step: 1,
        terms: 1,
        most: spec.columns,
        body: [`part += x_at(i, ${column}) * value_at(entry, scale);`],
      }),
    ]);
  },
  bitmask: (site) => {
    const { spec } = site.product;
    const bytes = Math.ceil(spec.columns / 8);
    addWordReader(site.module, 'word_at', spec.parts[1] ?? 0, bytes % 4 === 0);
    const rest = spec.columns % 32;
    const words = Math.ceil(spec.columns / 32);
    const last = `if (word == ${words - 1}u) { bits &= ${(2 ** rest - 1) >>> 0}u; }`;
    const take = [
      'var left_bits = bits;',
      'while (left_bits != 0u) {',
      '  part += x_at(i, word * 32u + firstTrailingBit(left_bits)) * value_at(entry, scale);',
      '  entry += 1u;',
      '  left_bits &= left_bits - 1u;',
      '}',
    ];
    addRowSum(site, 2, [
      `var entry = u32(${bufferName(spec.parts[0] ?? 0)}[row]);`,
      // Every lane counts all bits, since the place of a value depends on those before it.
      ...laneSum(
        { ...site, lanes: 1 },
        {
          name: 'word',
          first: 'origin()',
          end: `${words}u`,
          step: 1,
          terms: 32,
          most: spec.columns,
          body: [
            `var bits = word_at(row * ${bytes}u + word * 4u);`,
            ...(rest === 0 ? [] : [last]),
            ...(site.lanes === 1
              ? take
              : [
                  `if (word % ${site.lanes}u == lane) {`,
                  indent(take),
                  '} else {',
                  '  entry += countOneBits(bits);',
                  '}',
                ]),
          ],
        },
      ),
    ]);
  },
  'n-of-m': (site) => {
    const { spec } = site.product;
    const { n, m, kept, used, bits, rowBytes } = groupsOf(spec);
    const perWord = 32 / bits;
    addWordReader(site.module, 'word_at', spec.parts[0] ?? 0, rowBytes % 4 === 0);
    addRowSum(site, 1, [
      ...laneSum(site, {
        name: 'place',
        first: 'origin()',
        end: `${used}u`,
        step: perWord,
        terms: perWord,
        most: used,
        body: [
          `var codes = word_at(row * ${rowBytes}u + place / ${8 / bits}u);`,
          `let place_end = min(place + ${perWord}u, ${used}u);`,
          `for (var next = place; next < place_end; next++) {`,
          `  let column = next / ${n}u * ${m}u + (codes & ${2 ** bits - 1}u);`,
          `  part += x_at(i, column) * value_at(row * ${kept}u + next, scale);`,
          `  codes >>= ${bits}u;`,
          '}',
        ],
      }),
    ]);
  },
  blocks: (site) => {
    const { spec } = site.product;
    const [height, width] = [Number(spec.settings['height']), Number(spec.settings['width'])];
    const columns = bufferName(spec.parts[1] ?? 0);
    // The last blocks may stick out of the matrix.
    const ragged = spec.columns % width !== 0;
    addRowSum(site, 2, [
      ...offsetLines(site, `row / ${height}u`),
      ...laneSum(site, {
        name: 'block_at',
        first: 'begin',
        end: 'end',
        step: 1,
        terms: width,
        most: Math.ceil(spec.columns / width) * width,
        body: [
          `let column = u32(${columns}[block_at]) * ${width}u;`,
          `let first = (block_at * ${height}u + row % ${height}u) * ${width}u;`,
          ...(ragged ? [`let inside = min(${width}u, ${spec.columns}u - column);`] : []),
          `for (var next = 0u; next < ${ragged ? 'inside' : `${width}u`}; next++) {`,
          '  part += x_at(i, column + next) * value_at(first + next, scale);',
          '}',
        ],
      }),
    ]);
  },
};
