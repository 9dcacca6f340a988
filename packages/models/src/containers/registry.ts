/** The formats of files of tensors by name, and which of them a file is in. */
import { FormatError, Registry } from '@espalier/nn';
import { readBytes, type ByteSource } from '@espalier/nn/format';
import { aFunction, aText, check, checkOptions, show, type OptionRules } from '@espalier/tensor/arguments';
import type { TensorSource } from '../tensors/tensor-source.ts';
import { builtIn } from './built-in.ts';
import type { Container, OpenOptions } from './container.ts';

const containers = new Registry<Container>('container', ({ type }) => type, builtIn);

/** The names of the formats, with those that were registered. */
export const containerTypes: readonly string[] = containers.names;

/** Makes a format known: `openTensors` recognises its files from then on. */
export function registerContainer(container: Container): void {
  containers.register('registerContainer', container);
}

/**
 * A format by its name.
 * @throws {ConfigError} with the names that there are, for any other.
 */
export function findContainer(type: string): Container {
  return containers.find('container', type);
}

/** What may be said of a file that is opened. */
export interface OpenTensorsOptions extends OpenOptions {
  /** The name of its format. Default: the one that recognises its first bytes. */
  readonly type?: string;
}

const openOptions: OptionRules<OpenTensorsOptions> = { type: aText, sibling: aFunction as never };

/** How many of the first bytes are looked at. */
const headBytes = 64;

/**
 * Opens a file of tensors of any known format. Nothing but its description is read; the source belongs to what is returned,
 * and is closed with it, or here where that fails.
 * @throws {FormatError} naming the file: with its first bytes, where no format is theirs, and for what is damaged.
 * @throws {ConfigError} for a `type` that is no name of a format.
 */
export async function openTensors(source: ByteSource, options: OpenTensorsOptions = {}): Promise<TensorSource> {
  const { type, sibling } = checkOptions('openTensors', options, openOptions);
  try {
    const container =
      type === undefined ? await recognise(source) : findContainer(check('openTensors', 'type', type, aText));
    return await container.open(source, sibling ? { sibling } : {});
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function recognise(source: ByteSource): Promise<Container> {
  const head = await readBytes(source, 0, Math.min(headBytes, source.size), 'its first bytes');
  for (const type of containers.names) {
    const container = containers.find('container', type);
    if (container.detects(head, source.size)) return container;
  }
  const known = containers.names.map((type) => {
    const endings = containers.find('container', type).extensions.map((ending) => `.${ending}`);
    return `${type} (${endings.join(', ')})`;
  });
  throw new FormatError(
    source.name,
    0,
    `is no known file of tensors: ${firstBytes(head)} (${source.size} in all); known are ${known.join(', ')}`,
  );
}

/** What a file begins with, for who has to find out what it is. */
function firstBytes(head: Uint8Array): string {
  if (head.length === 0) return 'it is empty';
  const few = head.subarray(0, 16);
  const text = String.fromCharCode(...few);
  const hex = [...few].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return /^[\x20-\x7e\s]+$/u.test(text) ? `it begins with ${show(text)}` : `it begins with the bytes ${hex}`;
}
