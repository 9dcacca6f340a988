/** Element-wise ops with dtype rules of their own: conversion, selection, and reinterpretation of bits. */
import { dtypes, type DType } from '../../dtype/dtype.ts';
import { InternalError } from '../../errors.ts';
import * as s from '../../scalar/expression.ts';
import type { Expression } from '../../scalar/expression.ts';
import type { ElementwiseOp } from '../../graph/op.ts';

const at = (args: readonly Expression[], index: number): Expression => {
  const argument = args[index];
  if (!argument) throw new InternalError('meaning', `has no argument ${index}`);
  return argument;
};

/** Conversion to `attributes.dtype`. */
export const castOp: ElementwiseOp = {
  family: 'elementwise',
  name: 'cast',
  arity: 1,
  exact: true,
  gradient: (g, { inputs: [input] }) => [input && g.cast(input.dtype)],
  meaning: (args, { dtype }) => s.cast(at(args, 0), dtypes[dtype as DType].compute),
};

/** The 32 bits of u32, i32 or f32 as another of these. */
export const bitcastOp: ElementwiseOp = {
  family: 'elementwise',
  name: 'bitcast',
  arity: 1,
  meaning: (args, { dtype }) => s.bitcast(at(args, 0), dtype as 'f32' | 'i32' | 'u32'),
};

/** Input 1 where input 0 (bool) holds, else input 2. */
export const whereOp: ElementwiseOp = {
  family: 'elementwise',
  name: 'where',
  arity: 3,
  gradient: (g, { inputs: [condition] }) =>
    condition ? [undefined, g.where(condition, 0), g.where(condition.logicalNot(), 0)] : [],
  meaning: (args) => s.select(at(args, 0), at(args, 1), at(args, 2)),
};
