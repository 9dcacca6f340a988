/** Fourier transforms, as products with matrices of waves. */
import { stack, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import type { ElementType } from '../values/element-types.ts';
import { OnnxTensor } from '../values/value.ts';

/** As many products as a transform may take for each row: those of longer ones are better made by a fast transform, which is not here. */
const longest = 2 ** 13;

/** Cosines and sines: [length, bins] each. */
function waves(call: Call, length: number, bins: number, type: ElementType): readonly [Tensor, Tensor] {
  if (length > longest) call.refuse(`transforms ${length} elements; at most ${longest} are transformed here`);
  const wave = (of: (angle: number) => number): Tensor => {
    const values = Array.from({ length: length * bins }, (_, index) => {
      const turn = (Math.floor(index / bins) * (index % bins)) % length;
      return of((2 * Math.PI * turn) / length);
    });
    return OnnxTensor.numbers(type, values, [length, bins]).tensor(call.device);
  };
  return [wave(Math.cos), wave(Math.sin)];
}

/** Over the last axis, of real and imaginary parts: both parts of the result. */
function transform(
  call: Call,
  real: Tensor,
  imaginary: Tensor | undefined,
  bins: number,
  type: ElementType,
  isInverse: boolean,
): [Tensor, Tensor] {
  const length = real.shape.at(-1) as number;
  const [cosines, sines] = waves(call, length, bins, type);
  const sign = isInverse ? 1 : -1;
  const [rc, rs] = [real.matmul(cosines), real.matmul(sines).mul(sign)];
  const [re, im] = imaginary
    ? [rc.sub(imaginary.matmul(sines).mul(sign)), rs.add(imaginary.matmul(cosines))]
    : [rc, rs];
  return isInverse ? [re.div(length), im.div(length)] : [re, im];
}

/** The axis is an attribute up to version 19, and an input from then on. */
const dft = operator('DFT', (call) => {
  const { type } = call.input(0);
  const x = call.tensor(0);
  const given = call.version < 20 ? call.real('axis', 1) : (call.number(2) ?? -2);
  const axis = call.axis(given, x.rank);
  const isInverse = call.truth('inverse');
  if (isInverse && call.truth('onesided')) call.refuse('is inverse and one-sided, which is not computed here');
  const parts = x.shape.at(-1) as number;
  if (axis === x.rank - 1 || (parts !== 1 && parts !== 2))
    call.refuse(`transforms [${x.shape.join(', ')}] along axis ${axis}`);
  const size = x.shape[axis] as number;
  const length = call.number(1) ?? size;
  const fitted = x.pad(x.shape.map((_, each): [number, number] => [0, each === axis ? length - size : 0]));
  const last = x.rank - 2;
  const part = (index: number): Tensor => fitted.select(x.rank - 1, index).transpose(axis, last);
  const bins = call.truth('onesided') && !isInverse ? Math.floor(length / 2) + 1 : length;
  const [re, im] = transform(call, part(0), parts === 2 ? part(1) : undefined, bins, type, isInverse);
  return call.give(type, stack([re.transpose(axis, last), im.transpose(axis, last)], -1));
});

const stft = operator('STFT', (call) => {
  const { type } = call.input(0);
  const given = call.tensor(0);
  const step = call.number(1) ?? call.refuse('has no step between frames');
  const window = call.optionalTensor(2);
  const length = call.number(3) ?? window?.shape[0] ?? call.refuse('has neither a window nor a length of frames');
  const parts = given.rank === 3 ? (given.shape[2] as number) : 1;
  const frames = (index: number): Tensor => {
    const signal = given.rank === 3 ? given.select(2, index) : given;
    const cut = signal.windows([length], { stride: [step] });
    return window ? cut.mul(window) : cut;
  };
  const bins = call.truth('onesided', true) ? Math.floor(length / 2) + 1 : length;
  const [re, im] = transform(call, frames(0), parts === 2 ? frames(1) : undefined, bins, type, false);
  return call.give(type, stack([re, im], -1));
});

/** Signals. */
export const signalOperators: readonly Operator[] = [dft, stft];
