/** What operators that only arrange elements are made of: the same for arrays on the host and tensors of a device. */
import { concat, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { elementTypes, type ElementType } from '../values/element-types.ts';
import { HostArray, type Arranged } from '../values/host-array.ts';
import { fewElements } from '../values/read-tensor.ts';
import { OnnxTensor } from '../values/value.ts';

/** Arranges the elements of a value, wherever they are. `count` is how many the result has, where those are more. */
export function arrange(
  call: Call,
  value: OnnxTensor,
  how: <Self extends Arranged<Self>>(array: Self) => Self,
  count: number = value.size,
): OnnxTensor {
  const isSmall = count <= Math.max(value.size, fewElements);
  if (!isSmall && elementTypes[value.type].carrier === undefined) call.refuse(`makes ${count} texts of ${value.size}`);
  return isSmall && isOnHost(call, value)
    ? fromHost(value.type, how(value.host()))
    : call.give(value.type, how<Tensor>(call.placed(value)));
}

/** Whether the elements of a value are better arranged on the host. */
export function isOnHost(call: Call, value: OnnxTensor): boolean {
  return elementTypes[value.type].carrier === undefined || (value.isKnown && value.size <= call.setting.hostElements);
}

/** An array of the host as a value. */
export function fromHost(type: ElementType, { data, shape }: HostArray<number | string>): OnnxTensor {
  return type === 'string'
    ? OnnxTensor.texts(data as readonly string[], shape)
    : OnnxTensor.numbers(type, data as readonly number[], shape);
}

/** Joined along an axis: on the host where all parts are there. */
export function joined(call: Call, parts: readonly OnnxTensor[], axis: number): OnnxTensor {
  const [first] = parts;
  if (!first) return call.refuse('has nothing to join');
  const at = call.axis(axis, first.shape.length);
  for (const { shape } of parts)
    if (shape.length !== first.shape.length || shape.some((size, a) => a !== at && size !== first.shape[a]))
      call.refuse(`joins [${first.shape.join(', ')}] and [${shape.join(', ')}] along ${at}, which differ elsewhere`);
  if (parts.every((part) => isOnHost(call, part)))
    return fromHost(
      first.type,
      HostArray.concat(
        parts.map((part) => part.host()),
        at,
      ),
    );
  return call.give(
    first.type,
    concat(
      parts.map((part) => call.placed(part)),
      at,
    ),
  );
}

/** The part from `start` on, `count` long in steps of `step`, along one axis. */
export function along<Self extends Arranged<Self>>(
  array: Self,
  axis: number,
  start: number,
  count: number,
  step = 1,
): Self {
  const only = (value: number, others: readonly number[]): number[] =>
    others.map((other, a) => (a === axis ? value : other));
  const zeros = array.shape.map(() => 0);
  return array.sliceWith({
    start: only(start, zeros),
    count: only(count, array.shape),
    step: only(
      step,
      array.shape.map(() => 1),
    ),
  });
}
