/**
 * Scatter-add without atomics, so that the order of additions is the one the spec demands.
 *
 * By output: an invocation per output element looks through all indices of its column. By column: an invocation per
 * [outer, inner] pair clears its column of outputs and adds the sources in turn; less work, but fewer invocations.
 */
import { dtypes } from '../../../dtype/dtype.ts';
import type { Access, Binding, ScatterAddSpec } from '../../../kernel/spec.ts';
import { affine } from '../loop/loop-body.ts';
import { slotsOf } from '../loop/map-kernel.ts';
import { gridOf, groupNumber, type Profile, type Program } from '../program.ts';
import { literal } from '../wgsl/literals.ts';
import { longSums } from '../wgsl/long-sums.ts';
import { convertExpression } from '../wgsl/scalar-expressions.ts';
import {
  bufferName,
  declareBuffers,
  elementsPerWord,
  loadLines,
  plainMode,
  storeLines,
  type StorageMode,
} from '../wgsl/storage.ts';
import { indent, WgslModule } from '../wgsl/wgsl-module.ts';

const workgroupSize = 64;
/** How many invocations run at once, roughly. */
const width = { software: 16, hardware: 8192 } as const;

function prefersColumns({ outer, count, inner, length }: ScatterAddSpec, profile: Profile): boolean {
  const atOnce = width[profile.software ? 'software' : 'hardware'];
  const rounds = (invocations: number): number => Math.ceil(invocations / atOnce);
  return rounds(outer * inner) * (length + count) < rounds(outer * length * inner) * count;
}

/** Columns of f32 with more sources than this carry what an addition rounds off to the next one of the same place. */
const longestPlainSum = 128;

/** The program of a scatter-add. */
export function scatterAddProgram(spec: ScatterAddSpec, profile: Profile): Program {
  const { outer, count, inner, length, index, source, out } = spec;
  const label = `scatter-add [${outer}, ${count}, ${inner}] into ${length}`;
  if (outer * inner * length === 0) return { label, stages: [], scratch: [] };
  const binding = (access: Access): Binding => spec.bindings[access.binding] ?? { dtype: 'f32', access: 'read' };
  const outDType = binding(out).dtype;
  const narrow = elementsPerWord(outDType) > 1;
  const columns = !narrow && prefersColumns(spec, profile);
  const compute = dtypes[outDType].compute;
  const carries = columns && compute === 'f32' && count > longestPlainSum;
  const modes = spec.bindings.map(({ dtype }, position): StorageMode =>
    position === out.binding && narrow ? 'atomic' : plainMode(dtype),
  );
  const module = new WgslModule();
  const carry: Binding[] = carries ? [{ dtype: 'f32', access: 'readwrite' }] : [];
  declareBuffers(module, [...spec.bindings, ...carry], [...modes, ...carry.map((): StorageMode => 'element')]);
  const load = (access: Access, name: string): string[] =>
    loadLines(
      module,
      { binding: access.binding, dtype: binding(access).dtype, mode: modes[access.binding] ?? 'element' },
      affine(access.offset, ['o', 'c', 'i'], access.strides),
      name,
    );
  const target = convertExpression(module, dtypes[binding(index).dtype].compute, 'i32', 'target_index');
  const value = convertExpression(module, dtypes[binding(source).dtype].compute, compute, 'value');
  const zero = literal(module, compute, 0);
  const plus = compute === 'bool' ? '|' : '+';
  const buffer = bufferName(out.binding);
  const carryBuffer = bufferName(spec.bindings.length);
  const sums = longSums(compute === 'f32' ? ['total'] : [], count, 'turn');
  const invocations = columns ? outer * inner : outer * length * inner;
  const grid = gridOf(Math.ceil(invocations / workgroupSize));
  const byColumn = [
    `let o = point / ${inner}u;`,
    `let i = point % ${inner}u;`,
    `let start = ${out.offset}u + o * ${length * inner}u + i;`,
    `for (var l = 0u; l < ${length}u; l++) {`,
    `  ${buffer}[start + l * ${inner}u] = ${zero};`,
    ...(carries ? [`  ${carryBuffer}[o * ${length * inner}u + l * ${inner}u + i] = 0.0;`] : []),
    '}',
    `for (var c = 0u; c < ${count}u; c++) {`,
    indent([
      ...load(index, 'target_index'),
      `let l = bitcast<u32>(${target});`,
      `if (l < ${length}u) {`,
      indent([
        ...load(source, 'value'),
        ...(carries
          ? [
              // Kahan's summation; a driver that reorders arithmetic loses the carry, not the sum.
              `let carry_at = o * ${length * inner}u + l * ${inner}u + i;`,
              `let before = ${buffer}[start + l * ${inner}u];`,
              `let term = ${value} + ${carryBuffer}[carry_at];`,
              'let sum = before + term;',
              `${buffer}[start + l * ${inner}u] = sum;`,
              // Of an infinite sum nothing is left over.
              'let rest = term - (sum - before);',
              `${carryBuffer}[carry_at] = select(0.0, rest, ${module.use('less')}(abs(rest), ${literal(module, 'f32', 'Infinity')}));`,
            ]
          : [`${buffer}[start + l * ${inner}u] = ${buffer}[start + l * ${inner}u] ${plus} ${value};`]),
      ]),
      '}',
    ]),
    '}',
  ];
  const byOutput = [
    `let o = point / ${length * inner}u;`,
    `let l = point / ${inner}u % ${length}u;`,
    `let i = point % ${inner}u;`,
    `var total: ${compute} = ${zero};`,
    ...sums.declarations,
    `for (var c = 0u; c < ${count}u; c++) {`,
    indent([
      ...load(index, 'target_index'),
      `if (bitcast<u32>(${target}) == l) {`,
      indent([
        ...load(source, 'value'),
        `${sums.target('total')} = ${sums.target('total')} ${plus} ${value};`,
        ...sums.settle,
      ]),
      '}',
    ]),
    '}',
    ...sums.close,
    ...storeLines(
      module,
      { binding: out.binding, dtype: outDType, mode: modes[out.binding] ?? 'element' },
      `${out.offset}u + point`,
      'total',
    ),
  ];
  module.add(`@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let point = ${groupNumber(grid)} * ${workgroupSize}u + lane;
  if (point >= ${invocations}u) { return; }
${indent(columns ? byColumn : byOutput)}
}`);
  return {
    label,
    stages: [
      {
        code: module.text(label),
        entryPoint: 'main',
        slots: slotsOf([...spec.bindings, ...carry]),
        workgroups: grid,
      },
    ],
    scratch: carries ? [outer * length * inner * 4] : [],
  };
}
