/** Moves values between devices, through JavaScript memory. */
import type { Device } from '../device/device.ts';
import { DTypeError } from '../errors.ts';
import { storedNode } from '../graph/build.ts';
import type { Node } from '../graph/node.ts';
import { Storage } from '../graph/storage.ts';
import { realize } from './realize.ts';

/**
 * The value of a node as a stored node of another device.
 * @throws {DTypeError} if that device lacks the dtype.
 */
export async function transfer(node: Node, device: Device): Promise<Node> {
  if (!device.capabilities.dtypes.has(node.dtype))
    throw new DTypeError(
      'to',
      `the ${device.name} device has no ${node.dtype}; cast to one of ${[...device.capabilities.dtypes].join(', ')} first`,
    );
  realize([node]);
  const moved = storedNode(Storage.host(device, await (node.storage as Storage).read()), node.shape, node.dtype);
  if (node.gradientRole === 'leaf') moved.gradientRole = 'leaf';
  return moved;
}
