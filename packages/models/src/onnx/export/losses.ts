/** What of a model ONNX does not say again. */
import type { Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import { check } from '@espalier/tensor/arguments';
import { codesOf } from './coded-weight.ts';

/**
 * What `exportOnnx` changes of a model, in words; empty where nothing is lost.
 *
 * @example
 * for (const loss of onnxLosses(model)) console.log(loss);
 */
export function onnxLosses(module: Module): string[] {
  check('onnxLosses', 'module', module, aModule);
  const parameters = module.parameters();
  const sparse = parameters.filter(({ stored }) => stored?.matrix.arrays['offsets']);
  const others = parameters.filter((each) => each.stored && !sparse.includes(each) && !codesOf(each));
  const formats = others.map(({ stored }) => stored?.matrix.format.name);
  // To be asked for its views makes a stored weight dense.
  const rounded = parameters.filter((each) => !each.stored && !codesOf(each) && each.views.some(({ name }) => name === 'fake-quantize')).length; // prettier-ignore
  const dynamic = parameters.filter(({ inputs }) =>
    inputs.some(({ meaning }) => meaning?.does === 'round-rows'),
  ).length;
  const dense = formats.length + rounded;
  const kinds = [...new Set([...formats, ...(rounded > 0 ? ['codes without a format to compute from'] : [])])];
  return [
    ...(dense > 0 ? [`${dense} weights are written as the numbers that they stand for (${kinds.join(', ')})`] : []),
    ...(sparse.length > 0 ? [`${sparse.length} sparse weights are written with their zeros: ONNX has no form for them that is computed with`] : []), // prettier-ignore
    ...(dynamic > 0 ? [`inputs of ${dynamic} weights have a scale for the batch, and not one for each row: ONNX has no other`] : []), // prettier-ignore
  ];
}
