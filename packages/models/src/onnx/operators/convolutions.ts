/** Convolutions, plain, transposed and of whole numbers. */
import type { Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { convolve, convolveTransposed } from './convolve.ts';
import { reachOf, windowsOf, type Windows } from './windows.ts';

/** The convolution that a node asks for, of tensors that it is given. */
export function convolved(call: Call, x: Tensor, w: Tensor): Tensor {
  const groups = call.real('group', 1);
  if (
    x.rank < 3 ||
    x.rank !== w.rank ||
    x.shape[1] !== (w.shape[1] as number) * groups ||
    (w.shape[0] as number) % groups !== 0
  )
    call.refuse(`convolves [${x.shape.join(', ')}] with [${w.shape.join(', ')}] in ${groups} groups`);
  const sizes = x.shape.slice(2);
  const windows = windowsOf(call, sizes, w.shape.slice(2));
  checkRoom(call, sizes, windows);
  return convolve(x, w, windows, groups);
}

function checkRoom(call: Call, sizes: readonly number[], windows: Windows): void {
  for (const [axis, size] of sizes.entries()) {
    const [before, after] = windows.pads[axis] as readonly [number, number];
    if (size + before + after < reachOf(windows, axis))
      call.refuse(
        `has a kernel that reaches over ${reachOf(windows, axis)} elements, on an image of ${size} with pads of ${before} and ${after}`,
      );
  }
}

/** One number for each channel, added. */
export const plusBias = (y: Tensor, bias: Tensor | undefined): Tensor =>
  bias ? y.add(bias.reshape([-1, ...y.shape.slice(2).map(() => 1)])) : y;

const conv = operator('Conv', (call) =>
  call.give(call.input(0).type, plusBias(convolved(call, call.tensor(0), call.tensor(1)), call.optionalTensor(2))),
);

const transposed = operator('ConvTranspose', (call) => {
  const [x, w] = [call.tensor(0), call.tensor(1)];
  const groups = call.real('group', 1);
  const rank = x.rank - 2;
  if (rank < 1 || w.rank !== x.rank || x.shape[1] !== w.shape[0] || (w.shape[0] as number) % groups !== 0)
    call.refuse(`convolves [${x.shape.join(', ')}] with [${w.shape.join(', ')}]`);
  const sizes = x.shape.slice(2);
  const kernel = call.list('kernel_shape', w.shape.slice(2));
  const automatic = call.text('auto_pad', 'NOTSET');
  const stride = call.list(
    'strides',
    sizes.map(() => 1),
  );
  const dilation = call.list(
    'dilations',
    sizes.map(() => 1),
  );
  const extra = call.list(
    'output_padding',
    sizes.map(() => 0),
  );
  const lists = [kernel, stride, dilation, extra];
  if (
    w.shape.slice(2).some((size, axis) => size !== kernel[axis]) ||
    lists.some((values, at) => values.length !== rank || values.some((value) => value < (at < 3 ? 1 : 0)))
  )
    call.refuse(
      `has the kernel [${kernel.join(', ')}], strides [${stride.join(', ')}], dilations [${dilation.join(', ')}] and output padding [${extra.join(', ')}] for weights [${w.shape.join(', ')}]`,
    );
  const given = call.list('pads', undefined);
  const wanted = call.list('output_shape', undefined)?.slice(-rank);
  const bare: Windows = { kernel, stride, dilation, pads: [] };
  const full = sizes.map(
    (size, axis) => (size - 1) * (stride[axis] as number) + reachOf(bare, axis) + (extra[axis] as number),
  );
  const target =
    wanted ?? (automatic.startsWith('SAME') ? sizes.map((size, axis) => size * (stride[axis] as number)) : undefined);
  const pads = full.map((size, axis): [number, number] => {
    if (!target) return automatic === 'NOTSET' ? [given?.[axis] ?? 0, given?.[axis + rank] ?? 0] : [0, 0];
    const cut = size - (target[axis] as number);
    const half = Math.floor(cut / 2);
    return automatic === 'SAME_UPPER' ? [half, cut - half] : [cut - half, half];
  });
  const y = convolveTransposed(x, w, bare, groups, extra).pad(
    pads.map(([before, after]): [number, number] => [-before, -after]),
  );
  return call.give(call.input(0).type, plusBias(y, call.optionalTensor(2)));
});

const ofWhole = operator('ConvInteger', (call) => {
  const shifted = (index: number, zero: number): Tensor => {
    const x = call.tensor(index).cast('i32');
    const point = call.optionalTensor(zero)?.cast('i32');
    if (!point) return x;
    return x.sub(index === 1 && point.size > 1 ? point.reshape([-1, ...x.shape.slice(1).map(() => 1)]) : point);
  };
  return call.give('i32', exactly(convolved(call, shifted(0, 2).cast('f64'), shifted(1, 3).cast('f64'))));
});

/** Sums of whole numbers in doubles, as whole numbers. */
const exactly = (sums: Tensor): Tensor => sums.cast('i32');

/** Convolutions. */
export const convolutionOperators: readonly Operator[] = [conv, transposed, ofWhole];
