import type { Dataset } from '@espalier/nn';
import { mnist } from '@espalier/nn/node';
import type { Device } from '@espalier/tensor';
import { UsageError, reportOf } from '../errors.ts';
import type { Task } from './architecture.ts';

/** Images to learn from and to be tested on. */
export interface ImageData {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly task: Task;
}

const loaded = new Map<string, Promise<ImageData>>();

async function load(source: string, device: Device): Promise<ImageData> {
  try {
    const { train, test, classes } = await mnist({ device, ...(source === 'mnist' ? {} : { directory: source }) });
    const [, channels = 1, height = 1, width = 1] = (await train.batch([0])).x.shape;
    return { train, test, task: { channels, height, width, classes } };
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw new UsageError(reportOf(error).message);
    throw error;
  }
}

/**
 * The images of a source, read once per thread.
 * @throws UsageError when they are not there, FormatError when they are damaged.
 */
export function imageData(source: string, device: Device): Promise<ImageData> {
  const key = `${source} on ${device.name}`;
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const reading = load(source, device);
  loaded.set(key, reading);
  return reading;
}
