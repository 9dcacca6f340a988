/**
 * Products through workgroup memory: a workgroup loads a slab of each operand once and every invocation reads it from there.
 *
 * Workgroup: 16 x 16 invocations of 4 x 4 or 8 x 8 outputs, a block of 64 x 64 or 128 x 128. Slabs of 16 (or 8) k, kept as
 * vec4 along rows and columns: 8 KiB in all. Per k an invocation reads 2 (4) vec4 and does 4 (16) vec4 multiply-adds.
 */
import { gridOf, groupNumber, type Stage } from '../program.ts';
import { indent } from '../wgsl/wgsl-module.ts';
import { boundsOf, depthBlocks, depthRange, startLines, type Contraction } from './contraction.ts';

/** The side of the square of outputs that an invocation computes. */
export type WorkgroupTile = 4 | 8;

const side = 16;
const component = ['x', 'y', 'z', 'w'] as const;
const range = (count: number): number[] => Array.from({ length: count }, (_, position) => position);

/** The stage that runs a contraction with tiles in workgroup memory. */
export function workgroupTileStage(contraction: Contraction, tile: WorkgroupTile): Stage {
  const { module, batch, m, n, k, splits, title, slots, leftVector, rightVector } = contraction;
  const block = side * tile;
  const slab = 1024 / block;
  const vectors = block / 4;
  const rowGroups = Math.ceil(m / block);
  const columnGroups = Math.ceil(n / block);
  const grid = gridOf(rowGroups * columnGroups * batch * splits);
  const bounds = boundsOf(contraction);
  const [rowEnd, columnEnd] = [bounds.m.shown, bounds.n.shown];
  const depth = depthRange(contraction);
  const wholeSlabs = splits === 1 && k % slab === 0 && bounds.k.lines.length === 0;
  module.declare(`var<workgroup> left_slab: array<vec4<f32>, ${slab * vectors}>;`);
  module.declare(`var<workgroup> right_slab: array<vec4<f32>, ${slab * vectors}>;`);
  // Neighbouring invocations load what lies side by side in memory.
  const place = (alongDepth: boolean): string[] =>
    alongDepth
      ? [`let step = index % ${slab}u;`, `let vector = index / ${slab}u;`]
      : [`let step = index / ${vectors}u;`, `let vector = index % ${vectors}u;`];
  const loadSlab = (name: 'left' | 'right', alongDepth: boolean, load: string): string[] => [
    '{',
    indent([
      ...place(alongDepth),
      ...(wholeSlabs
        ? ['let depth = k + step;', `${name}_slab[step * ${vectors}u + vector] = ${load};`]
        : [
            `let depth = min(k + step, ${depth.end} - 1u);`,
            `${name}_slab[step * ${vectors}u + vector] = select(vec4<f32>(), ${load}, k + step < ${depth.end});`,
          ]),
    ]),
    '}',
  ];
  const perSide = tile / 4;
  const sumNames = range(tile).flatMap((row) => range(perSide).map((part) => `sum${row}_${part}`));
  const depths = depthBlocks(contraction, depth, sumNames);
  const lines = [
    `let tile = ${groupNumber(grid)};`,
    `let batch = tile / ${rowGroups * columnGroups}u;`,
    `if (batch >= ${batch * splits}u) { return; }`,
    ...bounds.lines,
    `let block_row = tile / ${columnGroups}u % ${rowGroups}u * ${block}u;`,
    `let block_column = tile % ${columnGroups}u * ${block}u;`,
    ...(contraction.ends ? [`if (block_row >= ${rowEnd} || block_column >= ${columnEnd}) { return; }`] : []),
    `let row_vector = index / ${side}u;`,
    `let column_vector = index % ${side}u;`,
    ...startLines(contraction),
    ...depth.lines,
    ...depths.declarations,
    ...depths.inBlocks((first, end) => [
      `for (var k = ${first}; k < ${end}; k += ${slab}u) {`,
      indent([
        ...loadSlab(
          'left',
          leftVector !== 'rows',
          `left_rows(left_begin, min(block_row + vector * 4u, ${lastVector(m, leftVector === 'rows')}u), depth)`,
        ),
        ...loadSlab(
          'right',
          rightVector === 'depth',
          `right_columns(right_begin, depth, min(block_column + vector * 4u, ${lastVector(n, rightVector === 'columns')}u))`,
        ),
        'workgroupBarrier();',
        `for (var step = 0u; step < ${slab}u; step++) {`,
        // An invocation's vectors are 16 apart, so that neighbours read neighbouring vectors.
        indent([
          ...range(perSide).map(
            (part) => `let left${part} = left_slab[step * ${vectors}u + row_vector + ${part * side}u];`,
          ),
          ...range(perSide).map(
            (part) => `let right${part} = right_slab[step * ${vectors}u + column_vector + ${part * side}u];`,
          ),
          ...range(tile).flatMap((row) =>
            range(perSide).map(
              (part) =>
                `sum${row}_${part} = fma(vec4(left${Math.floor(row / 4)}.${component[row % 4]}), right${part}, sum${row}_${part});`,
            ),
          ),
        ]),
        '}',
        'workgroupBarrier();',
      ]),
      '}',
    ]),
    `var sums = array<vec4<f32>, ${sumNames.length}>(${sumNames.map(depths.whole).join(', ')});`,
    `for (var i = 0u; i < ${tile}u; i++) {`,
    `  let row = block_row + (row_vector + i / 4u * ${side}u) * 4u + i % 4u;`,
    `  for (var part = 0u; part < ${perSide}u; part++) {`,
    `    let column = block_column + (column_vector + part * ${side}u) * 4u;`,
    `    if (row < ${rowEnd} && column < ${columnEnd}) { finish(batch, row, column, sums[i * ${perSide}u + part]); }`,
    '  }',
    '}',
  ];
  module.add(`@compute @workgroup_size(${side * side})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
${indent(lines)}
}`);
  return { code: module.text(title), entryPoint: 'main', slots, workgroups: grid };
}

/** Where the last four elements that may be loaded together begin; those past the last one are anything. */
function lastVector(size: number, aligned: boolean): number {
  return aligned ? (size - 1) & ~3 : size - 1;
}
