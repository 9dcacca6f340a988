/** How large the channels of what goes into a layer are. */
import type { Module } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import type { InputWatch } from '../calibration/visit-inputs.ts';
import { channelAxis } from '../quantize/calibration.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';

/** By what a channel is judged: its largest magnitude, or its mean one. */
export type ChannelSize = 'largest' | 'mean';

const seen = ({ parameter }: NamedParameter, input: Tensor, module: Module): Tensor =>
  parameter.inputs
    .filter(({ by }) => by === 'channel')
    .reduce((value, view) => view.apply(value, channelAxis(module, input)), input)
    .cast('f32')
    .abs();

/** The sizes of all channels, over the examples that are watched. */
export async function channelSizes(
  named: NamedParameter,
  watch: (watch: InputWatch) => Promise<void>,
  size: ChannelSize,
  batchSize = 32,
): Promise<Float32Array<ArrayBuffer>> {
  let sizes = new Float32Array();
  let pieces = 0;
  await watch({
    batchSize,
    of: (input, module) => {
      const axis = channelAxis(module, input);
      const others = input.shape.map((_, each) => each).filter((each) => each !== axis);
      const value = seen(named, input, module);
      return size === 'largest' ? value.max(others) : value.mean(others);
    },
    take: (values) => {
      if (sizes.length === 0) sizes = new Float32Array(values.length);
      pieces++;
      for (const [channel, value] of values.entries()) {
        const before = sizes[channel] as number;
        sizes[channel] = size === 'largest' ? Math.max(before, value) : before + (value - before) / pieces;
      }
    },
  });
  return sizes;
}
