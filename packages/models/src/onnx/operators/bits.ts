/** The bits of elements as those of another type. */
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { elementTypes } from '../values/element-types.ts';
import { rawNow } from '../values/raw-bytes.ts';
import { fromRaw } from '../values/read-tensor.ts';
import type { OnnxTensor } from '../values/value.ts';
import { typeOfCode } from './functions.ts';

/** The bytes of a value; as a device has them where it has the type, since NaNs differ in their bits. */
function bytesOf(call: Call, x: OnnxTensor): Uint8Array {
  const device = x.onDevice;
  return call.told(() => (device && elementTypes[x.type].carrier === x.type ? device.bytesSync() : rawNow(x)));
}

const bitCast = operator('BitCast', (call) => {
  const x = call.input(0);
  const to = typeOfCode(call, call.real('to', 0));
  const [from, into] = [elementTypes[x.type], elementTypes[to]];
  if (from.bits !== into.bits || from.kind === 'text' || into.kind === 'complex')
    call.refuse(`takes ${from.name} as ${into.name}, which has other bits`);
  return fromRaw(to, x.shape, bytesOf(call, x), (problem) => call.refuse(problem));
});

/** Bits. */
export const bitOperators: readonly Operator[] = [bitCast];
