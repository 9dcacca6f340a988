/**
 * The steps of a loop body as WGSL statements. Step 3 of the body becomes the value `v3`.
 */
import { dtypes, type ComputeDType } from '../../../dtype/dtype.ts';
import { InternalError } from '../../../errors.ts';
import type { Access, Binding, Limit, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { at, prod } from '../numbers.ts';
import { literal, unsigned } from '../wgsl/literals.ts';
import { convertExpression, scalarExpression } from '../wgsl/scalar-expressions.ts';
import { bufferName, loadLines, storeLines, type StorageMode } from '../wgsl/storage.ts';
import type { WgslModule } from '../wgsl/wgsl-module.ts';

/** `offset + Σ index · stride` in u32, modulo 2^32; indices are names, absent strides count as 0. */
export function affine(offset: number, indices: readonly string[], strides: readonly number[]): string {
  const terms = indices.flatMap((index, dimension) => {
    const stride = at(strides, dimension);
    if (stride === 0) return [];
    return [stride === 1 ? index : `${index} * ${unsigned(stride)}`];
  });
  return [...(offset === 0 && terms.length > 0 ? [] : [unsigned(offset)]), ...terms].join(' + ');
}

/** A number of indices: known, or the name of a u32 that is read when the kernel starts. */
export type Size = number | string;

/** A product of sizes: a number if all are known, else an expression. */
export function product(sizes: readonly Size[]): Size {
  const known = prod(sizes.filter((size) => typeof size === 'number'));
  const read = sizes.filter((size) => typeof size === 'string');
  if (read.length === 0) return known;
  return read.length === 1 && known === 1
    ? (read[0] as string)
    : `(${[...(known === 1 ? [] : [`${known}u`]), ...read].join(' * ')})`;
}

/** A size in WGSL. */
export function shown(size: Size): string {
  return typeof size === 'number' ? `${size}u` : size;
}

/** The name of the length of a dimension, at most `size`, and the statement that reads it. */
export function readLength(
  { dim, binding, offset }: Limit,
  size: number,
): { readonly name: string; readonly line: string } {
  const name = `length${dim}`;
  return { name, line: `let ${name} = u32(clamp(${bufferName(binding)}[${offset}], 0, ${size}));` };
}

/** The sizes of a loop, outer and inner, and the statements that read those with a limit. */
export function sizesOf({ outer, inner, limits = [] }: LoopSpec): {
  readonly outer: readonly Size[];
  readonly inner: readonly Size[];
  readonly lines: readonly string[];
} {
  const sizes: Size[] = [...outer, ...inner];
  const lines = limits.map((limit) => {
    const { name, line } = readLength(limit, at([...outer, ...inner], limit.dim));
    sizes[limit.dim] = name;
    return line;
  });
  return { outer: sizes.slice(0, outer.length), inner: sizes.slice(outer.length), lines };
}

/** The statements that split a linear number into one index per dimension. */
export function indexLines(linear: string, sizes: readonly Size[], names: readonly string[]): string[] {
  let below: Size = 1;
  const lines: string[] = [];
  for (let dimension = sizes.length - 1; dimension >= 0; dimension--) {
    const quotient: string = below === 1 ? linear : `${linear} / ${shown(below)}`;
    lines.unshift(
      `let ${names[dimension]} = ${dimension === 0 ? quotient : `${quotient} % ${shown(sizes[dimension] || 1)}`};`,
    );
    // Nothing walks a space without elements, but its code has to compile.
    below = product([below, sizes[dimension] ?? 1]) || 1;
  }
  return lines;
}

/** Where a body is printed: the module, how each buffer is stored, and the names of the indices of the iteration space. */
export interface BodySite {
  readonly module: WgslModule;
  readonly bindings: readonly Binding[];
  readonly modes: readonly StorageMode[];
  readonly indices: readonly string[];
  /** The expression that stands for `accumulator`. */
  readonly accumulator?: string;
}

/** The name of the value of a step. */
export function valueName(position: number): string {
  return `v${position}`;
}

/** Prints the steps of one body. */
export class LoopBody {
  readonly #body: readonly LoopInstruction[];
  readonly #site: BodySite;

  constructor(body: readonly LoopInstruction[], site: BodySite) {
    this.#body = body;
    this.#site = site;
  }

  /** The compute dtype of the value at a position. */
  dtypeOf(position: number): ComputeDType {
    const step = this.#body[position];
    if (step === undefined || step.kind === 'store')
      throw new InternalError('webgpu', `step ${position} of a loop body has no value`);
    return step.dtype;
  }

  /** The position in its buffer at which a step reads or writes. */
  positionOf(access: Access): string {
    return affine(access.offset, this.#site.indices, access.strides);
  }

  #target(access: Access): { binding: number; dtype: Binding['dtype']; mode: StorageMode } {
    const binding = this.#site.bindings[access.binding];
    const mode = this.#site.modes[access.binding];
    if (binding === undefined || mode === undefined)
      throw new InternalError('webgpu', `a loop body names binding ${access.binding}, which does not exist`);
    return { binding: access.binding, dtype: binding.dtype, mode };
  }

  #storedAt({ access, displaced }: LoopInstruction & { kind: 'store' }): string {
    const position = this.positionOf(access);
    return displaced
      ? `${position} + bitcast<u32>(${valueName(displaced.index)}) * ${unsigned(displaced.stride)}`
      : position;
  }

  /** The argument of a store, converted to the compute dtype of its binding. */
  storedValue(step: LoopInstruction & { kind: 'store' }): string {
    const { dtype } = this.#target(step.access);
    return convertExpression(this.#site.module, this.dtypeOf(step.arg), dtypes[dtype].compute, valueName(step.arg));
  }

  /** The statements of one step; reductions and packed stores are the caller's. */
  lines(position: number): string[] {
    const step = this.#body[position];
    const name = valueName(position);
    const { module } = this.#site;
    switch (step?.kind) {
      case 'load':
        return loadLines(module, this.#target(step.access), this.positionOf(step.access), name);
      case 'gather': {
        const displaced = `${this.positionOf(step.access)} + bitcast<u32>(${valueName(step.index)}) * ${unsigned(step.stride)}`;
        return loadLines(module, this.#target(step.access), displaced, name);
      }
      case 'index': {
        const number = affine(step.offset, this.#site.indices, step.strides);
        return [`let ${name} = ${step.dtype === 'i32' ? `bitcast<i32>(${number})` : number};`];
      }
      case 'constant':
        return [`let ${name}: ${step.dtype} = ${literal(module, step.dtype, step.value)};`];
      case 'scalar': {
        const from = this.dtypeOf(step.args[step.op === 'select' ? 1 : 0] ?? 0);
        const expression = scalarExpression(step.op, { module, from, to: step.dtype, args: step.args.map(valueName) });
        return [`let ${name} = ${expression};`];
      }
      case 'accumulator':
        return [`let ${name} = ${this.#site.accumulator ?? ''};`];
      case 'store':
        return storeLines(module, this.#target(step.access), this.#storedAt(step), this.storedValue(step));
      default:
        throw new InternalError(
          'webgpu',
          `step ${position} of a loop body (${step?.kind ?? 'missing'}) cannot stand alone`,
        );
    }
  }
}
