/**
 * Pure maps: one invocation per output word, in row-major order of the outer dimensions.
 */
import type { Binding, LoopSpec } from '../../../kernel/spec.ts';
import { prod } from '../numbers.ts';
import { gridOf, gridOverhangs, groupNumber, type Stage } from '../program.ts';
import { declareBuffers, elementsPerWord } from '../wgsl/storage.ts';
import { indent, WgslModule } from '../wgsl/wgsl-module.ts';
import { affine, indexLines, LoopBody } from './loop-body.ts';
import { isContiguousStore, packedDeclaration, packedFlush, packedPut, planStores } from './packed-stores.ts';

const workgroupSize = 64;

/** How the bindings of a spec are bound by a single stage. */
export function slotsOf(bindings: readonly Binding[]): Stage['slots'] {
  return bindings.map((binding, slot) => ({ slot, writable: binding.access !== 'read' }));
}

/** The stage of a collapsed loop without inner dimensions and with at least one point. */
export function mapStage(spec: LoopSpec, title: string): Stage {
  const module = new WgslModule();
  const size = prod(spec.outer);
  const indices = spec.outer.map((_, dimension) => `i${dimension}`);
  const plan = planStores(spec.bindings, spec.body, (store, perWord) => isContiguousStore(store, spec.outer, perWord));
  declareBuffers(module, spec.bindings, plan.modes);
  const body = new LoopBody(spec.body, { module, bindings: spec.bindings, modes: plan.modes, indices });
  const together = plan.pointsTogether;
  const groups = Math.ceil(size / (workgroupSize * together));
  const grid = gridOf(groups);

  const pointLines = [
    ...indexLines('point', spec.outer, indices),
    ...spec.body.flatMap((step, position) => {
      if (step.kind !== 'store' || !plan.packed.has(position)) return body.lines(position);
      return [packedPut(module, position, spec.bindings[step.access.binding] as Binding, body.storedValue(step))];
    }),
  ];
  const packed = [...plan.packed].map((position) => ({ position, store: spec.body[position] as LoopSpec['body'][number] & { kind: 'store' } }));
  const exact = size % (workgroupSize * together) === 0 && !gridOverhangs(grid, groups);
  const left = size % together === 0 ? undefined : 'left';
  const lines =
    together === 1
      ? [...(exact ? [] : [`if (point >= ${size}u) { return; }`]), ...pointLines]
      : [
          `let first = point_group * ${together}u;`,
          ...(exact ? [] : [`if (first >= ${size}u) { return; }`]),
          ...(left === undefined ? [] : [`let left = ${size}u - first;`]),
          ...packed.map(({ position, store }) => packedDeclaration(position, perWordOf(spec, store.access.binding), together)),
          `for (var part = 0u; part < ${left === undefined ? `${together}u` : `min(left, ${together}u)`}; part++) {`,
          indent(['let point = first + part;', ...pointLines]),
          '}',
          ...packed.flatMap(({ position, store }) =>
            packedFlush(position, store, perWordOf(spec, store.access.binding), together, affine(store.access.offset, ['first'], [1]), left),
          ),
        ];
  module.add(`@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let ${together === 1 ? 'point' : 'point_group'} = ${groupNumber(grid)} * ${workgroupSize}u + lane;
${indent(lines)}
}`);
  return { code: module.text(title), entryPoint: 'main', slots: slotsOf(spec.bindings), workgroups: grid };
}

function perWordOf(spec: LoopSpec, binding: number): number {
  return elementsPerWord(spec.bindings[binding]?.dtype ?? 'f32');
}
