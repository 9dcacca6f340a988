/**
 * Loops with reductions. A workgroup takes `rows` neighbouring outer indices with `lanes` invocations each; lanes stride
 * through the inner points, then fold what they have in a tree through workgroup memory. Every walk of `phases` is one such pass.
 *
 *   rows 1, lanes 256   long contiguous rows (softmax over the last axis)
 *   rows 64, lanes 1    short rows, or an emulated GPU: no barriers at all
 *   rows 32, lanes 8    reductions over a leading axis: neighbours in a workgroup read neighbouring columns
 */
import type { ComputeDType } from '../../../dtype/dtype.ts';
import { phases, type Phase } from '../../../kernel/phases.ts';
import type { Binding, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { prod } from '../numbers.ts';
import { gridOf, gridOverhangs, groupNumber, type Stage } from '../program.ts';
import { foldExpression, foldIdentity } from '../wgsl/folds.ts';
import { longSums } from '../wgsl/long-sums.ts';
import { declareBuffers, elementsPerWord } from '../wgsl/storage.ts';
import { indent, WgslModule } from '../wgsl/wgsl-module.ts';
import { affine, indexLines, LoopBody, product, shown, sizesOf, valueName } from './loop-body.ts';
import { slotsOf } from './map-kernel.ts';
import { packedDeclaration, packedFlush, packedPut, planStores, type StorePlan } from './packed-stores.ts';
import type { RowShape } from './row-shape.ts';

type Reduce = LoopInstruction & { readonly kind: 'reduce' };
type Store = LoopInstruction & { readonly kind: 'store' };

/** A reduction and the workgroup array through which its lanes meet. */
interface SharedFold {
  readonly position: number;
  readonly step: Reduce;
  readonly array: string;
}

/** Point stores can be packed if every row starts at a word and is walked element after element. */
function mayPackInRows(spec: LoopSpec): (store: Store, perWord: number) => boolean {
  const innerSize = prod(spec.inner);
  return ({ access, each }, perWord) =>
    spec.limits === undefined &&
    each === 'point' &&
    spec.inner.length === 1 &&
    innerSize % 4 === 0 &&
    access.strides.at(-1) === 1 &&
    [access.offset, ...access.strides.slice(0, -1)].every((distance) => distance % perWord === 0);
}

/** Prints one row kernel. */
class RowKernel {
  readonly #module = new WgslModule();
  readonly #spec: LoopSpec;
  readonly #shape: RowShape;
  readonly #stores: StorePlan;
  readonly #body: LoopBody;
  readonly #innerIndices: readonly string[];
  readonly #outerIndices: readonly string[];
  readonly #guard: string | undefined;
  readonly #sizes: ReturnType<typeof sizesOf>;
  readonly #declared = new Set<string>();

  constructor(spec: LoopSpec, shape: RowShape) {
    this.#spec = spec;
    this.#shape = shape;
    this.#outerIndices = spec.outer.map((_, dimension) => `o${dimension}`);
    this.#innerIndices = spec.inner.map((_, dimension) => `i${dimension}`);
    this.#stores = planStores(spec.bindings, spec.body, mayPackInRows(spec));
    this.#body = new LoopBody(spec.body, {
      module: this.#module,
      bindings: spec.bindings,
      modes: this.#stores.modes,
      indices: [...this.#outerIndices, ...this.#innerIndices],
    });
    this.#sizes = sizesOf(spec);
    const overhang = typeof product(this.#sizes.outer) === 'string' || prod(spec.outer) % shape.rows !== 0;
    this.#guard = overhang && shape.lanes > 1 ? 'inside' : undefined;
  }

  stage(title: string): Stage {
    const { rows, lanes } = this.#shape;
    const rowCount = prod(this.#spec.outer);
    const groups = Math.ceil(rowCount / rows);
    const grid = gridOf(groups);
    declareBuffers(this.#module, this.#spec.bindings, this.#stores.modes);
    const { before, walks } = phases(this.#spec);
    const present = product(this.#sizes.outer);
    const overhangs = typeof present === 'string' || gridOverhangs(grid, groups);
    const rowLines =
      this.#guard === undefined
        ? [
            `let row = ${rows === 1 ? groupNumber(grid) : `${groupNumber(grid)} * ${rows}u + ${lanes === 1 ? 'index' : `index % ${rows}u`}`};`,
            ...(overhangs || rowCount % rows !== 0 ? [`if (row >= ${shown(present)}) { return; }`] : []),
          ]
        : [
            // Barriers need every invocation, so those past the last row repeat it and store nothing.
            `let wanted = ${groupNumber(grid)} * ${rows}u + index % ${rows}u;`,
            `let inside = wanted < ${shown(present)};`,
            `let row = min(wanted, ${typeof present === 'string' ? `max(${present}, 1u) - 1u` : `${rowCount - 1}u`});`,
          ];
    const lines = [
      ...this.#sizes.lines,
      ...rowLines,
      ...(lanes === 1 ? [] : [`let lane = ${rows === 1 ? 'index' : `index / ${rows}u`};`]),
      ...indexLines('row', this.#sizes.outer, this.#outerIndices),
      ...before.flatMap((position) => this.#rowStep(position)),
      ...walks.flatMap((walk) => this.#walk(walk)),
    ];
    this.#module.add(`@compute @workgroup_size(${rows * lanes})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
${indent(lines)}
}`);
    return {
      code: this.#module.text(title),
      entryPoint: 'main',
      slots: slotsOf(this.#spec.bindings),
      workgroups: grid,
    };
  }

  /** A step computed once per row: by every lane, but stored by the first. */
  #rowStep(position: number): string[] {
    const lines = this.#body.lines(position);
    if (this.#spec.body[position]?.kind !== 'store') return lines;
    const conditions = [
      ...(this.#shape.lanes > 1 ? ['lane == 0u'] : []),
      ...(this.#guard === undefined ? [] : [this.#guard]),
    ];
    return conditions.length === 0 ? lines : [`if (${conditions.join(' && ')}) {`, indent(lines), '}'];
  }

  #walk(walk: Phase): string[] {
    const reduces = walk.reduces.map((position) => ({ position, step: this.#spec.body[position] as Reduce }));
    const innerSize = prod(this.#spec.inner);
    const packed = walk.points.filter((position) => this.#stores.packed.has(position));
    const together = packed.length === 0 ? 1 : this.#stores.pointsTogether;
    const perLane = Math.ceil(innerSize / this.#shape.lanes);
    const foldName = (position: number): string => `fold${position}`;
    const summed = reduces.flatMap(({ position, step }) =>
      step.op === 'sum' && step.dtype === 'f32' ? [position] : [],
    );
    const sums = longSums(summed.map(foldName), perLane, `turn${summed[0] ?? ''}`);

    const pointLines = [
      ...indexLines('point', this.#sizes.inner, this.#innerIndices),
      ...walk.points.flatMap((position) => this.#pointStep(position)),
      ...reduces.map(({ position, step }) => {
        const target = summed.includes(position) ? sums.target(foldName(position)) : foldName(position);
        return `${target} = ${foldExpression(this.#module, step.op, step.dtype, target, valueName(step.arg))};`;
      }),
      ...sums.settle,
    ];
    const lane = this.#shape.lanes === 1 ? '0u' : 'lane';
    const loop =
      together === 1
        ? [
            `for (var point = ${lane}; point < ${shown(product(this.#sizes.inner))}; point += ${this.#shape.lanes}u) {`,
            indent(pointLines),
            '}',
          ]
        : [
            `for (var first = ${lane === '0u' ? lane : `${lane} * ${together}u`}; first < ${innerSize}u; first += ${this.#shape.lanes * together}u) {`,
            indent([
              ...packed.map((position) => packedDeclaration(position, this.#perWord(position), together)),
              `for (var part = 0u; part < ${together}u; part++) {`,
              indent(['let point = first + part;', ...pointLines]),
              '}',
              ...this.#guarded(packed.flatMap((position) => this.#flush(position, together))),
            ]),
            '}',
          ];
    return [
      ...reduces.map(
        ({ position, step }) =>
          `var fold${position}: ${step.dtype} = ${foldIdentity(this.#module, step.op, step.dtype)};`,
      ),
      ...sums.declarations,
      ...loop,
      ...sums.close,
      ...this.#tree(reduces),
      ...walk.rows.flatMap((position) => this.#rowStep(position)),
    ];
  }

  #guarded(lines: readonly string[]): string[] {
    return this.#guard === undefined || lines.length === 0 ? [...lines] : [`if (${this.#guard}) {`, indent(lines), '}'];
  }

  #pointStep(position: number): string[] {
    const step = this.#spec.body[position];
    if (step?.kind !== 'store') return this.#body.lines(position);
    if (!this.#stores.packed.has(position)) return this.#guarded(this.#body.lines(position));
    return [
      packedPut(
        this.#module,
        position,
        this.#spec.bindings[step.access.binding] as Binding,
        this.#body.storedValue(step),
      ),
    ];
  }

  #perWord(position: number): number {
    const step = this.#spec.body[position] as Store;
    return elementsPerWord(this.#spec.bindings[step.access.binding]?.dtype ?? 'f32');
  }

  #flush(position: number, together: number): string[] {
    const store = this.#spec.body[position] as Store;
    const start = affine(store.access.offset, [...this.#outerIndices, 'first'], store.access.strides);
    return packedFlush(position, store, this.#perWord(position), together, start, undefined);
  }

  /** Folds the lanes of each row; afterwards every lane holds the row's value under the step's name. */
  #tree(reduces: readonly { readonly position: number; readonly step: Reduce }[]): string[] {
    const { rows, lanes } = this.#shape;
    if (reduces.length === 0) return [];
    if (lanes === 1) return reduces.map(({ position }) => `let ${valueName(position)} = fold${position};`);
    const shared = reduces.map(({ position, step }, order): SharedFold => ({
      position,
      step,
      array: this.#sharedArray(order, step.dtype),
    }));
    const row = rows === 1 ? '' : `index % ${rows}u`;
    return [
      ...shared.map(({ position, array }) => `${array}[index] = fold${position};`),
      'workgroupBarrier();',
      ...(this.#shape.fold === 'each' ? this.#foldByEach(shared, row) : this.#foldByTree(shared, row)),
      // The arrays may be filled again by the next walk.
      'workgroupBarrier();',
    ];
  }

  #foldByTree(shared: readonly SharedFold[], row: string): string[] {
    const { rows, lanes } = this.#shape;
    const other = rows === 1 ? 'index + span' : `index + span * ${rows}u`;
    return [
      `for (var span = ${lanes / 2}u; span > 0u; span = span / 2u) {`,
      '  if (lane < span) {',
      indent(
        shared.map(
          ({ step, array }) =>
            `${array}[index] = ${foldExpression(this.#module, step.op, step.dtype, `${array}[index]`, `${array}[${other}]`)};`,
        ),
        2,
      ),
      '  }',
      '  workgroupBarrier();',
      '}',
      ...shared.map(({ position, array }) => `let ${valueName(position)} = ${array}[${row === '' ? '0' : row}];`),
    ];
  }

  #foldByEach(shared: readonly SharedFold[], row: string): string[] {
    const { rows, lanes } = this.#shape;
    return [
      ...shared.map(({ position, step }) => `fold${position} = ${foldIdentity(this.#module, step.op, step.dtype)};`),
      `for (var other = ${row === '' ? '0u' : row}; other < ${rows * lanes}u; other += ${rows}u) {`,
      indent(
        shared.map(
          ({ position, step, array }) =>
            `fold${position} = ${foldExpression(this.#module, step.op, step.dtype, `fold${position}`, `${array}[other]`)};`,
        ),
      ),
      '}',
      ...shared.map(({ position }) => `let ${valueName(position)} = fold${position};`),
    ];
  }

  #sharedArray(order: number, dtype: ComputeDType): string {
    const name = `shared_${dtype}_${order}`;
    if (!this.#declared.has(name)) {
      this.#declared.add(name);
      this.#module.declare(`var<workgroup> ${name}: array<${dtype}, ${this.#shape.rows * this.#shape.lanes}>;`);
    }
    return name;
  }
}

/** The stage of a collapsed loop with inner dimensions and at least one row. */
export function rowStage(spec: LoopSpec, shape: RowShape, title: string): Stage {
  return new RowKernel(spec, shape).stage(title);
}
