/** What stands between what a layer is called with and its weight, as nodes of a graph. */
import type { InputMeaning, Parameter } from '@espalier/nn';
import { OnnxError } from '../errors.ts';
import { OnnxTensor } from '../values/value.ts';
import type { GraphWriter } from './graph-writer.ts';

/** Where an input goes. */
interface Place {
  readonly to: GraphWriter;
  /** The name of the layer. */
  readonly name: string;
  /** Of how many axes it is, and which of them are channels. */
  readonly rank: number;
  readonly axis: number;
}

type Rule<Does extends InputMeaning['does']> = (
  x: string,
  meaning: Extract<InputMeaning, { readonly does: Does }>,
  place: Place,
) => string;

const rules: { readonly [Does in InputMeaning['does']]: Rule<Does> } = {
  round: (x, { scale, zero }, { to, name }) => {
    to.needs(10, 'inputs that are rounded');
    const by = [to.number(`${name}.input_scale`, scale), to.number(`${name}.input_zero`, zero, 'i8')];
    return to.node('DequantizeLinear', name, [to.node('QuantizeLinear', name, [x, ...by]), ...by]);
  },
  'round-rows': (x, _, { to, name }) => {
    to.needs(11, 'inputs that are rounded by the batch');
    const codes = to.nodeWith('DynamicQuantizeLinear', name, [x], ['codes', 'scale', 'zero']);
    return to.node('DequantizeLinear', name, codes);
  },
  divide: (x, { factors }, { to, name, rank, axis }) => {
    const shape = Array.from({ length: rank - axis }, (_, at) => (at === 0 ? factors.length : 1));
    const shares = to.constant(`${name}.input_factors`, OnnxTensor.numbers('f32', Array.from(factors, (factor) => Math.fround(1 / factor)), shape)); // prettier-ignore
    return to.node('Mul', name, [x, shares]);
  },
};

/**
 * What a weight is multiplied with: x, through the views of its inputs.
 * @throws {OnnxError} naming a view that has no form in ONNX.
 */
export function metBy({ inputs }: Parameter, x: string, place: Place): string {
  return inputs.reduce((seen, { name, meaning }) => {
    if (meaning) return (rules[meaning.does] as Rule<InputMeaning['does']>)(seen, meaning, place);
    throw new OnnxError('exportOnnx', `what '${place.name}' is called with goes through '${name}', which has no form in ONNX here; take it away first`); // prettier-ignore
  }, x);
}
