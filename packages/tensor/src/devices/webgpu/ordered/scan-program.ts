/**
 * Running folds. A row is cut into one run per lane: each lane folds its run, the folds of the lanes before it are added
 * up through workgroup memory, and the lane walks its run again from there. Every result of a long sum is the sum of all
 * levels up to it.
 */
import { dtypes } from '../../../dtype/dtype.ts';
import type { Binding, ScanSpec } from '../../../kernel/spec.ts';
import { slotsOf } from '../loop/map-kernel.ts';
import { clamp, powerOfTwoFrom } from '../numbers.ts';
import { gridOf, groupNumber, type Profile, type Program } from '../program.ts';
import { foldExpression, foldIdentity } from '../wgsl/folds.ts';
import { longSums } from '../wgsl/long-sums.ts';
import {
  declareBuffers,
  elementsPerWord,
  loadLines,
  plainMode,
  storeLines,
  type StorageMode,
} from '../wgsl/storage.ts';
import { indent, WgslModule } from '../wgsl/wgsl-module.ts';

/** With this many rows, one invocation takes a whole row. */
const manyRows = { software: 16, hardware: 4096 } as const;
const shortestRun = 8;
const mostLanes = { software: 32, hardware: 256 } as const;

/** The program of a scan. */
export function scanProgram(spec: ScanSpec, profile: Profile): Program {
  const { op, outer, length, inner } = spec;
  const label = `scan ${op} over ${length} of [${outer}, ${length}, ${inner}]`;
  const rows = outer * inner;
  if (rows * length === 0) return { label, stages: [], scratch: [] };
  const family = profile.software ? 'software' : 'hardware';
  const lanes = rows >= manyRows[family] ? 1 : clamp(powerOfTwoFrom(length / shortestRun), 1, mostLanes[family]);
  const [input, output] = spec.bindings as readonly [Binding, Binding];
  const compute = dtypes[input.dtype].compute;
  const modes: StorageMode[] = [plainMode(input.dtype), elementsPerWord(output.dtype) > 1 ? 'atomic' : 'element'];
  const module = new WgslModule();
  declareBuffers(module, spec.bindings, modes);
  const perGroup = lanes === 1 ? 64 : 1;
  const grid = gridOf(Math.ceil(rows / perGroup));
  const run = Math.ceil(length / lanes);
  const fold = (a: string, b: string): string => foldExpression(module, op, compute, a, b);
  const sums = longSums(op === 'sum' && compute === 'f32' ? ['total'] : [], run, 'turn');
  const target = sums.target('total');
  const walk = (store: boolean): string[] => [
    `for (var c = first; c < end; c++) {`,
    indent([
      `let position = start + c * ${inner}u;`,
      ...loadLines(module, { binding: 0, dtype: input.dtype, mode: modes[0] ?? 'element' }, 'position', 'value'),
      `${target} = ${fold(target, 'value')};`,
      ...sums.settle,
      ...(store
        ? storeLines(
            module,
            { binding: 1, dtype: output.dtype, mode: modes[1] ?? 'element' },
            `start + c * ${inner}u`,
            sums.whole('total'),
          )
        : []),
    ]),
    '}',
  ];
  if (lanes > 1) module.declare(`var<workgroup> totals: array<${compute}, ${lanes}>;`);
  const lines = [
    lanes === 1 ? `let row = ${groupNumber(grid)} * 64u + lane;` : `let row = ${groupNumber(grid)};`,
    `if (row >= ${rows}u) { return; }`,
    `let start = row / ${inner}u * ${length * inner}u + row % ${inner}u;`,
    `let first = ${lanes === 1 ? '0u' : `min(lane * ${run}u, ${length}u)`};`,
    `let end = ${lanes === 1 ? `${length}u` : `min(first + ${run}u, ${length}u)`};`,
    `var total: ${compute} = ${foldIdentity(module, op, compute)};`,
    ...sums.declarations,
    ...(lanes === 1
      ? []
      : [
          ...walk(false),
          ...sums.close,
          'totals[lane] = total;',
          'workgroupBarrier();',
          `total = ${foldIdentity(module, op, compute)};`,
          `for (var other = 0u; other < lane; other++) { total = ${fold('total', 'totals[other]')}; }`,
          ...sums.clear,
        ]),
    ...walk(true),
  ];
  module.add(`@compute @workgroup_size(${lanes === 1 ? 64 : lanes})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
${indent(lines)}
}`);
  return {
    label,
    stages: [{ code: module.text(label), entryPoint: 'main', slots: slotsOf(spec.bindings), workgroups: grid }],
    scratch: [],
  };
}
