/** The row of a report that is a quantized model. */
import { numberFormat, numberFormats, type WeightFormat } from '@espalier/optimize';
import { knownName, oneOf } from '../fields.ts';
import type { RowType } from '../pipeline/row.ts';

/** How to quantize. */
export interface QuantizeOptions {
  /** A number format, such as `int8`. */
  readonly weights: WeightFormat;
  /** Whether each output channel has a scale of its own, or each tensor. */
  readonly granularity: 'channel' | 'tensor';
}

/** The weights of a model in fewer bits. */
export const quantizeRow: RowType<QuantizeOptions> = {
  name: 'quantize',
  options: {
    weights: knownName('the name of a number format', numberFormats, numberFormat),
    granularity: oneOf(['channel', 'tensor']),
  },
  from: 'row',
  weight: () => 0.2,
  make: async ({ options, from, folder, runner, onProgress }) => {
    await runner.run('quantize', { ...options, from, folder }, onProgress);
    return [];
  },
};
