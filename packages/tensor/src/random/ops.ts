/** Random bits as an element-wise op of the linear index: draws fuse with whatever uses them. */
import type { ElementwiseOp } from '../graph/op.ts';
import type { Expression } from '../scalar/expression.ts';
import { threefry } from './threefry.ts';
import { normalFromBits } from './normal.ts';

const words = (args: readonly Expression[]): readonly [Expression, Expression] => {
  const [index, key0, key1, draw] = args as readonly [Expression, Expression, Expression, Expression];
  return threefry([key0, key1], [draw, index]);
};

/** 32 random bits per element. Inputs: index, the two key words, the draw's number, all u32. */
export const randomBitsOp: ElementwiseOp = {
  family: 'elementwise',
  name: 'randomBits',
  arity: 4,
  meaning: (args) => words(args)[0],
};

/** A standard normal f32 per element, from both words. */
export const randomNormalOp: ElementwiseOp = {
  family: 'elementwise',
  name: 'randomNormal',
  arity: 4,
  meaning: (args) => normalFromBits(...words(args)),
};
