/**
 * Products straight from storage: each invocation keeps a tile of outputs in registers and shares nothing.
 *
 * Tile: up to 8 rows by 8 columns, 16 vec4 accumulators. GPUs take four k at a time (8 + 8 vec4 loads feed 64 vec4
 * multiply-adds) in workgroups of 8 x 8. Emulated ones take one k at a time, in workgroups of a single row: all
 * invocations then read the same elements of left, which the driver loads once, and short bodies compile faster.
 */
import { powerOfTwoFrom } from '../numbers.ts';
import { gridOf, groupNumber, type Stage } from '../program.ts';
import { indent } from '../wgsl/wgsl-module.ts';
import { boundsOf, depthBlocks, depthRange, partLength, startLines, type Contraction } from './contraction.ts';
import type { End } from './ends.ts';

/** Outputs per invocation; columns are a multiple of 4. */
export interface RegisterTile {
  readonly rows: number;
  readonly columns: number;
  /** How many k one turn of the loop takes. */
  readonly depth: 1 | 4;
}

const side = 8;
const mostInARow = 64;
const component = ['x', 'y', 'z', 'w'] as const;
const range = (count: number): number[] => Array.from({ length: count }, (_, position) => position);

/** The multiply-adds of one k, given how to name an element of the left column and a vector of the right row. */
function multiplyAdd(tile: RegisterTile, left: (row: number) => string, right: (block: number) => string): string[] {
  return range(tile.rows).flatMap((row) =>
    range(tile.columns / 4).map(
      (block) => `sum${row}_${block} = fma(vec4(${left(row)}), ${right(block)}, sum${row}_${block});`,
    ),
  );
}

/** Statements for one k. */
function oneStep(tile: RegisterTile): string[] {
  const blocks = range(tile.columns / 4);
  return [
    ...blocks.map((block) => `let right_${block} = right_columns(right_begin, k, column${block * 4});`),
    ...multiplyAdd(
      tile,
      (row) => `left(left_begin, row${row}, k)`,
      (block) => `right_${block}`,
    ),
  ];
}

/** Statements for four consecutive k from `k` on, using the widest loads the operands allow. */
function fourSteps(contraction: Contraction, tile: RegisterTile): string[] {
  const depths = range(4);
  const blocks = range(tile.columns / 4);
  const at = (depth: number): string => (depth === 0 ? 'k' : `k + ${depth}u`);
  const { leftVector, rightVector } = contraction;
  const lines: string[] = [];
  if (leftVector === 'depth')
    lines.push(...range(tile.rows).map((row) => `let left${row} = left_depth(left_begin, row${row}, k);`));
  if (rightVector === 'depth') {
    for (const block of blocks) {
      lines.push(
        ...depths.map(
          (column) => `let down${block}_${column} = right_depth(right_begin, k, column${block * 4 + column});`,
        ),
      );
      lines.push(
        ...depths.map(
          (depth) =>
            `let right${depth}_${block} = vec4(${depths.map((column) => `down${block}_${column}.${component[depth]}`).join(', ')});`,
        ),
      );
    }
  } else {
    lines.push(
      ...depths.flatMap((depth) =>
        blocks.map(
          (block) => `let right${depth}_${block} = right_columns(right_begin, ${at(depth)}, column${block * 4});`,
        ),
      ),
    );
  }
  for (const depth of depths) {
    if (leftVector === 'rows' && tile.rows >= 4) {
      lines.push(
        ...range(tile.rows / 4).map(
          (block) => `let across${depth}_${block} = left_rows(left_begin, row${block * 4}, ${at(depth)});`,
        ),
      );
    }
    const left = (row: number): string => {
      if (leftVector === 'depth') return `left${row}.${component[depth]}`;
      if (leftVector === 'rows' && tile.rows >= 4) return `across${depth}_${Math.floor(row / 4)}.${component[row % 4]}`;
      return `left(left_begin, row${row}, ${at(depth)})`;
    };
    lines.push(...multiplyAdd(tile, left, (block) => `right${depth}_${block}`));
  }
  return lines;
}

/** The last index before an end that is not 0. */
function lastOf({ shown, lines }: End, size: number): string {
  return lines.length === 0 ? `${size - 1}u` : `${shown} - 1u`;
}

/** The stage that runs a contraction with a register tile. */
export function registerTileStage(contraction: Contraction, tile: RegisterTile): Stage {
  const { module, batch, m, n, k, splits, title, slots } = contraction;
  const across = tile.depth === 4 ? side : Math.min(mostInARow, powerOfTwoFrom(Math.ceil(n / tile.columns)));
  const down = tile.depth === 4 ? side : 1;
  const rowGroups = Math.ceil(m / (down * tile.rows));
  const columnGroups = Math.ceil(n / (across * tile.columns));
  const groups = rowGroups * columnGroups * batch * splits;
  const grid = gridOf(groups);
  const bounds = boundsOf(contraction);
  const [rowEnd, columnEnd] = [bounds.m.shown, bounds.n.shown];
  const depth = depthRange(contraction);
  const blocks = tile.columns / 4;
  // Parts are multiples of four long, so only the end of all of k can leave a rest.
  const wholeSteps =
    bounds.k.lines.length === 0 && (k % 4 === 0 || (splits > 1 && partLength(contraction) * splits <= k));
  const sumNames = range(tile.rows).flatMap((row) => range(blocks).map((block) => `sum${row}_${block}`));
  const depths = depthBlocks(contraction, depth, sumNames);
  const lines = [
    `let tile = ${groupNumber(grid)};`,
    `let batch = tile / ${rowGroups * columnGroups}u;`,
    down === 1
      ? `let row = tile / ${columnGroups}u % ${rowGroups}u * ${tile.rows}u;`
      : `let row = (tile / ${columnGroups}u % ${rowGroups}u * ${down}u + index / ${across}u) * ${tile.rows}u;`,
    `let column = (tile % ${columnGroups}u * ${across}u + index % ${across}u) * ${tile.columns}u;`,
    ...bounds.lines,
    `if (batch >= ${batch * splits}u || row >= ${rowEnd} || column >= ${columnEnd}) { return; }`,
    ...startLines(contraction),
    ...depth.lines,
    // Rows and columns past the end repeat the last one; what they compute is not kept.
    ...range(tile.rows).map(
      (row) => `let row${row} = ${row === 0 ? 'row' : `min(row + ${row}u, ${lastOf(bounds.m, m)})`};`,
    ),
    ...range(tile.columns).map(
      (column) =>
        `let column${column} = ${column === 0 ? 'column' : `min(column + ${column}u, ${lastOf(bounds.n, n)})`};`,
    ),
    ...depths.declarations,
    ...depths.inBlocks((first, end) =>
      tile.depth === 1
        ? [
            // Adds nothing, but hides the bound: drivers unroll short loops, and then compile for seconds.
            `let bound = ${end} + u32(arrayLength(&buffer0) == 0u);`,
            `for (var k = ${first}; k < bound; k++) {`,
            indent(oneStep(tile)),
            '}',
          ]
        : [
            `var k = ${first};`,
            `for (; k + 4u <= ${end}; k += 4u) {`,
            indent(fourSteps(contraction, tile)),
            '}',
            ...(wholeSteps ? [] : [`for (; k < ${end}; k++) {`, indent(oneStep(tile)), '}']),
          ],
    ),
    `var sums = array<vec4<f32>, ${sumNames.length}>(${sumNames.map(depths.whole).join(', ')});`,
    `for (var i = 0u; i < min(${tile.rows}u, ${rowEnd} - row); i++) {`,
    `  for (var block = 0u; block < ${blocks}u && column + block * 4u < ${columnEnd}; block++) {`,
    `    finish(batch, row + i, column + block * 4u, sums[i * ${blocks}u + block]);`,
    '  }',
    '}',
  ];
  module.add(`@compute @workgroup_size(${across * down})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
${indent(lines)}
}`);
  return { code: module.text(title), entryPoint: 'main', slots, workgroups: grid };
}
