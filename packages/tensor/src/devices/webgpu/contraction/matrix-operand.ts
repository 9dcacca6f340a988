/**
 * Strided matrices as operands of a contraction: their WGSL functions, with the widest loads their layout allows.
 */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import type { Access, Binding } from '../../../kernel/spec.ts';
import { affine, indexLines } from '../loop/loop-body.ts';
import { at } from '../numbers.ts';
import { bufferName, elementsPerWord, loadLines, type StorageMode } from '../wgsl/storage.ts';
import { indent, type WgslModule } from '../wgsl/wgsl-module.ts';

/** One operand: the strides of its outer side (rows of left, columns of right) and of k. */
export interface MatrixOperand {
  readonly binding: number;
  readonly dtype: DType;
  readonly offset: number;
  readonly batch: readonly number[];
  readonly batchStrides: readonly number[];
  readonly sideStride: number;
  readonly depthStride: number;
  readonly sideSize: number;
}

/** The left or right operand of a product over `batch`. */
export function matrixOperand(
  side: 'left' | 'right',
  access: Access,
  bindings: readonly Binding[],
  batch: readonly number[],
  sideSize: number,
): MatrixOperand {
  const rank = batch.length;
  const first = at(access.strides, rank);
  const second = at(access.strides, rank + 1);
  return {
    binding: access.binding,
    dtype: bindings[access.binding]?.dtype ?? 'f32',
    offset: access.offset,
    batch,
    batchStrides: access.strides.slice(0, rank),
    sideStride: side === 'left' ? first : second,
    depthStride: side === 'left' ? second : first,
    sideSize,
  };
}

/** Along which direction four neighbours start at a multiple of four and can be one load. */
export function vectorDirection(operand: MatrixOperand): 'side' | 'depth' | 'none' {
  if (dtypes[operand.dtype].bytes < 2 || dtypes[operand.dtype].compute !== 'f32') return 'none';
  const aligned = (strides: readonly number[]): boolean =>
    [operand.offset, ...operand.batchStrides, ...strides].every((distance) => distance % 4 === 0);
  if (operand.sideStride === 1 && operand.sideSize % 4 === 0 && aligned([operand.depthStride])) return 'side';
  return operand.depthStride === 1 && aligned([operand.sideStride]) ? 'depth' : 'none';
}

/** How the operand's buffer has to be declared to be loaded four elements at a time. */
export function vectorMode(operand: MatrixOperand): StorageMode {
  return elementsPerWord(operand.dtype) === 1 ? 'vector' : 'packed';
}

/** Statements that load four neighbours from `position`, a multiple of four. */
function vectorLines(module: WgslModule, { binding, dtype }: MatrixOperand, position: string): string[] {
  const buffer = bufferName(binding);
  if (elementsPerWord(dtype) === 1) return [`return ${buffer}[(${position}) / 4u];`];
  const unpack = module.use(`unpack_${dtype}`);
  return [
    `let word = (${position}) / 2u;`,
    `let low = ${buffer}[word];`,
    `let high = ${buffer}[word + 1u];`,
    `return vec4(${unpack}(low, 0u), ${unpack}(low, 1u), ${unpack}(high, 0u), ${unpack}(high, 1u));`,
  ];
}

/** Adds `left_start`, `left` and, along the vector direction, `left_rows` or `left_depth`; for right accordingly. */
export function addMatrixFunctions(
  module: WgslModule,
  side: 'left' | 'right',
  operand: MatrixOperand,
  mode: StorageMode,
  vector: 'side' | 'depth' | 'none',
): void {
  const own = side === 'left' ? 'i' : 'j';
  const parameters = side === 'left' ? 'start: u32, i: u32, k: u32' : 'start: u32, k: u32, j: u32';
  const indices = operand.batch.map((_, dimension) => `b${dimension}`);
  const position = affine(0, ['start', own, 'k'], [1, operand.sideStride, operand.depthStride]);
  module.add(`fn ${side}_start(batch: u32) -> u32 {
${indent([...indexLines('batch', operand.batch, indices), `return ${affine(operand.offset, indices, operand.batchStrides)};`])}
}`);
  module.add(`fn ${side}(${parameters}) -> f32 {
${indent([...loadLines(module, { ...operand, mode }, position, 'value'), 'return value;'])}
}`);
  if (vector === 'none') return;
  const name = vector === 'depth' ? `${side}_depth` : side === 'left' ? 'left_rows' : 'right_columns';
  module.add(`fn ${name}(${parameters}) -> vec4<f32> {
${indent(vectorLines(module, operand, position))}
}`);
}
