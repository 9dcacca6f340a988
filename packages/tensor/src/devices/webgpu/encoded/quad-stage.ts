/**
 * Products that sum along the rows of the matrix: four neighbouring rows of it, a quad, times up to eight rows of x.
 *
 * Workgroup: `quads` quads with `lanes` invocations each, all for the same rows of x, which an emulated GPU then loads once.
 * An emulated GPU has one lane a quad wherever that keeps it busy, and no barriers; GPUs share the rows among up to 64
 * lanes, whose sums meet in workgroup memory: a vec4 for each invocation and row of x, up to 8 KiB.
 */
import { clamp, powerOfTwoFrom } from '../numbers.ts';
import { gridOf, groupNumber, type Profile, type Stage } from '../program.ts';
import { indent } from '../wgsl/wgsl-module.ts';
import type { EncodedProduct, ProductModule } from './product.ts';

/** How a quad stage is cut. */
export interface QuadShape {
  readonly lanes: number;
  readonly quads: number;
  /** Rows of x that an invocation takes. */
  readonly xRows: number;
}

/** A sum of an expression and a number, as short as it is. */
export function plus(expression: string, amount: number): string {
  return amount === 0 ? expression : `${expression} + ${amount}u`;
}

const invocations = 64;
/** An emulated GPU runs workgroups on a few cores. */
const busyQuads = 16;
const mostLanesInSoftware = 8;
/** A lane has this much of a row to walk, or there are fewer. */
const shortestLane = 32;

/** The shape for a product. */
export function quadShape(
  { spec: { m }, width, depth }: EncodedProduct,
  mostRows: number,
  profile: Profile,
): QuadShape {
  const xRows = Math.min(powerOfTwoFrom(m), mostRows);
  const quadCount = Math.ceil(width / 4) * Math.ceil(m / xRows);
  const wanted = powerOfTwoFrom(depth / shortestLane);
  const most = profile.software ? (quadCount >= busyQuads ? 1 : mostLanesInSoftware) : invocations;
  const lanes = clamp(wanted, 1, most);
  // As many quads as there are in a row, since a workgroup has rows of x of its own.
  const quads = Math.min(invocations / lanes, powerOfTwoFrom(Math.ceil(width / 4)));
  return { lanes, quads, xRows };
}

/**
 * The stage of a product, given what a lane does: statements that add to the vec4 sums `sum0` … of the rows of x `x0` …, over
 * the rows of the matrix `row0` … `row3`.
 */
export function quadStage(
  { module, slots, title }: ProductModule,
  { spec: { m }, width, ends }: EncodedProduct,
  shape: QuadShape,
  walk: readonly string[],
  profile: Profile,
): Stage {
  const { lanes, quads, xRows } = shape;
  const quadCount = Math.ceil(width / 4);
  const groupsAcross = Math.ceil(quadCount / quads);
  const groups = groupsAcross * Math.ceil(m / xRows);
  const grid = gridOf(groups);
  const each = Array.from({ length: xRows }, (_, row) => row);
  const rowEnd = ends?.m.shown ?? `${m}u`;
  const within = m % xRows === 0 && !ends ? `${xRows}u` : `min(${xRows}u, ${rowEnd} - i)`;
  const finish =
    xRows === 1
      ? ['finish(0u, i, j, sum0);']
      : [
          `var sums = array<vec4<f32>, ${xRows}>(${each.map((row) => `sum${row}`).join(', ')});`,
          `for (var row = origin(); row < ${within}; row++) { finish(0u, i + row, j, sums[row]); }`,
        ];
  const lines = [
    `let tile = ${groupNumber(grid)};`,
    `let i = tile / ${groupsAcross}u * ${xRows}u;`,
    `let wanted = (tile % ${groupsAcross}u * ${quads}u + index / ${lanes}u) * 4u;`,
    ...(ends?.m.lines ?? []),
    `let inside = wanted < ${width}u && i < ${rowEnd};`,
    ...(lanes === 1
      ? ['if (!inside) { return; }', 'let j = wanted;']
      : // Barriers need every invocation, so those past the end repeat the last quad and store nothing.
        [`let lane = index % ${lanes}u;`, `let j = min(wanted, ${(quadCount - 1) * 4}u);`]),
    ...each.map((row) => `let x${row} = min(${plus('i', row)}, ${m - 1}u);`),
    ...[0, 1, 2, 3].map((row) => `let row${row} = min(${plus('j', row)}, ${width - 1}u);`),
    ...each.map((row) => `var sum${row} = vec4<f32>();`),
    ...walk,
    ...(lanes === 1 ? [] : foldLanes(shape, profile)),
    ...(lanes === 1 ? finish : ['if (lane == 0u && inside) {', indent(finish), '}']),
  ];
  if (lanes > 1) module.declare(`var<workgroup> met: array<vec4<f32>, ${lanes * quads * xRows}>;`);
  module.add(`@compute @workgroup_size(${lanes * quads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
${indent(lines)}
}`);
  return { code: module.text(title), entryPoint: 'main', slots, workgroups: grid };
}

/** Adds the sums of all lanes of a quad to those of its first one. */
function foldLanes({ lanes, xRows }: QuadShape, profile: Profile): string[] {
  const each = Array.from({ length: xRows }, (_, row) => row);
  const met = (place: string, row: number): string => `met[${plus(`${place} * ${xRows}u`, row)}]`;
  const meet = [...each.map((row) => `${met('index', row)} = sum${row};`), 'workgroupBarrier();'];
  const add = (other: string): string[] => each.map((row) => `sum${row} += ${met(`(${other})`, row)};`);
  // A loop around barriers makes an emulated GPU slow to compile.
  if (profile.software)
    return [
      ...meet,
      'if (lane == 0u) {',
      `  for (var other = 1u; other < ${lanes}u; other++) {`,
      indent(add('index + other'), 2),
      '  }',
      '}',
    ];
  return [
    ...meet,
    `for (var span = ${lanes / 2}u; span > 0u; span = span / 2u) {`,
    '  if (lane < span) {',
    indent([...add('index + span'), ...each.map((row) => `${met('index', row)} = sum${row};`)], 2),
    '  }',
    '  workgroupBarrier();',
    '}',
  ];
}
