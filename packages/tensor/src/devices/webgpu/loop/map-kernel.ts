/**
 * Pure maps: one invocation per point, per output word, or per vector of four, in row-major order of the outer dimensions.
 */
import { dtypes } from '../../../dtype/dtype.ts';
import type { Binding, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { prod } from '../numbers.ts';
import { gridOf, gridOverhangs, groupNumber, type Profile, type Stage } from '../program.ts';
import { declareBuffers, elementsPerWord } from '../wgsl/storage.ts';
import { indent, WgslModule } from '../wgsl/wgsl-module.ts';
import { affine, indexLines, LoopBody, product, shown, sizesOf, valueName } from './loop-body.ts';
import { isContiguous, packedDeclaration, packedFlush, packedPut, planStores } from './packed-stores.ts';
import { vectorAt, vectorLength, vectorModes, vectorName, vectorSteps } from './vector-access.ts';

const workgroupSize = 64;

/** How the bindings of a spec are bound by a single stage. */
export function slotsOf(bindings: readonly Binding[]): Stage['slots'] {
  return bindings.map((binding, slot) => ({ slot, writable: binding.access !== 'read' }));
}

type Store = LoopInstruction & { readonly kind: 'store' };

/** The stage of a collapsed loop without inner dimensions and with at least one point. */
export function mapStage(spec: LoopSpec, profile: Profile, title: string): Stage {
  const module = new WgslModule();
  const size = prod(spec.outer);
  const sizes = sizesOf(spec);
  const indices = spec.outer.map((_, dimension) => `i${dimension}`);
  const stores = planStores(
    spec.bindings,
    spec.body,
    ({ access }, perWord) => spec.limits === undefined && isContiguous(access, spec.outer, perWord),
  );
  const vectors = profile.software ? new Set<number>() : vectorSteps(spec);
  const modes = vectorModes(spec, stores.modes, vectors);
  const together = vectors.size > 0 ? vectorLength : stores.pointsTogether;
  declareBuffers(module, spec.bindings, modes);
  const body = new LoopBody(spec.body, { module, bindings: spec.bindings, modes, indices });
  const groups = Math.ceil(size / (workgroupSize * together));
  const grid = gridOf(groups);

  const pointLines = [
    ...indexLines('point', sizes.outer, indices),
    ...spec.body.flatMap((step, position) => {
      if (step.kind === 'load' && vectors.has(position))
        return [`let ${valueName(position)} = ${vectorName(position)}[part];`];
      if (step.kind !== 'store') return body.lines(position);
      if (vectors.has(position)) return [`${vectorName(position)}[part] = ${body.storedValue(step)};`];
      if (stores.packed.has(position))
        return [packedPut(module, position, bindingOf(spec, step), body.storedValue(step))];
      return body.lines(position);
    }),
  ];
  const exact = spec.limits === undefined && size % (workgroupSize * together) === 0 && !gridOverhangs(grid, groups);
  const left = size % together === 0 ? undefined : 'left';
  const lines =
    together === 1
      ? [...(exact ? [] : [`if (point >= ${shown(product(sizes.outer))}) { return; }`]), ...pointLines]
      : [
          `let first = chunk * ${together}u;`,
          ...(exact ? [] : [`if (first >= ${size}u) { return; }`]),
          ...(left === undefined ? [] : [`let left = ${size}u - first;`]),
          ...spec.body.flatMap((step, position) =>
            declarationLines(spec, step, position, { vectors, packed: stores.packed, together }),
          ),
          `for (var part = 0u; part < ${left === undefined ? `${together}u` : `min(left, ${together}u)`}; part++) {`,
          indent(['let point = first + part;', ...pointLines]),
          '}',
          ...spec.body.flatMap((step, position) => {
            if (step.kind !== 'store') return [];
            if (vectors.has(position)) return [`${vectorAt(spec, position)} = ${vectorName(position)};`];
            if (!stores.packed.has(position)) return [];
            const start = affine(step.access.offset, ['first'], [1]);
            return packedFlush(position, step, elementsPerWord(bindingOf(spec, step).dtype), together, start, left);
          }),
        ];
  module.add(`@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let ${together === 1 ? 'point' : 'chunk'} = ${groupNumber(grid)} * ${workgroupSize}u + lane;
${indent([...sizes.lines, ...lines])}
}`);
  return { code: module.text(title), entryPoint: 'main', slots: slotsOf(spec.bindings), workgroups: grid };
}

/** What a step needs before the points: its vector, loaded or empty, or the words it fills. */
function declarationLines(
  spec: LoopSpec,
  step: LoopInstruction,
  position: number,
  {
    vectors,
    packed,
    together,
  }: { readonly vectors: ReadonlySet<number>; readonly packed: ReadonlySet<number>; readonly together: number },
): string[] {
  if (step.kind === 'load' && vectors.has(position))
    return [`let ${vectorName(position)} = ${vectorAt(spec, position)};`];
  if (step.kind !== 'store') return [];
  const { dtype } = bindingOf(spec, step);
  if (vectors.has(position)) return [`var ${vectorName(position)} = vec4<${dtypes[dtype].compute}>();`];
  return packed.has(position) ? [packedDeclaration(position, elementsPerWord(dtype), together)] : [];
}

function bindingOf(spec: LoopSpec, { access }: Store): Binding {
  return spec.bindings[access.binding] ?? { dtype: 'f32', access: 'write' };
}
