/** What config.json says of weights in codes. Source: Neural Magic, "compressed-tensors", format description. */
import type { Json } from '@espalier/nn';
import type { CompressionPlan } from './plan.ts';

/** Of a plan that has such; undefined where all are floats. */
export function quantizationConfig({ tensors }: CompressionPlan): { readonly [key: string]: Json } | undefined {
  const coded = tensors.filter(({ to }) => to.startsWith('int'));
  const [first] = coded;
  if (!first) return undefined;
  const [bits = 4, group = 32] = (/^int(\d+)\/(\d+)$/u.exec(first.to) ?? []).slice(1).map(Number);
  const others = tensors.filter(({ to, shape }) => shape.length === 2 && !to.startsWith('int'));
  return {
    quant_method: 'compressed-tensors',
    format: 'pack-quantized',
    quantization_status: 'compressed',
    config_groups: {
      group_0: {
        targets: ['Linear'],
        weights: { num_bits: bits, type: 'int', symmetric: true, strategy: 'group', group_size: group, dynamic: false },
      },
    },
    ignore: ['lm_head', ...others.map(({ name }) => name.replace(/\.weight$/u, ''))],
  };
}
