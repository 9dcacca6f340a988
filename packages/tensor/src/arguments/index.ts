/**
 * @espalier/tensor/arguments: the rules that public functions check their arguments by, for packages that build on this one.
 */
export { aMatrixFormat } from '../encoded/encode.ts';
export { describe } from './describe.ts';
export { jsonFlaw } from './json-flaw.ts';
export {
  aBoolean,
  aCount,
  aFunction,
  aNumber,
  anInteger,
  anObject,
  aPositiveInteger,
  aText,
  check,
  checkOptional,
  checkOptions,
  checkOwnOptions,
  either,
  listOf,
  oneOf,
  refuse,
  ruleOf,
  satisfies,
  type OptionRules,
  type Rule,
} from './rules.ts';
export { brief, show } from './show.ts';
export { showShape } from '../shape/shape.ts';
export { aDevice, aDType, aGenerator, aTensor, aWholeTensor, tensors } from './types.ts';
