/** Which files a model is read from: what is written must not take the place of one of them. */
import { dirname, join } from 'node:path';
import { FormatError } from '@espalier/nn';
import { fileBytes } from '@espalier/nn/node';
import type { ByteSource } from '@espalier/nn/format';
import { aText, check } from '@espalier/tensor/arguments';
import { openTensors } from '../containers/registry.ts';
import { describeOnnx } from '../onnx/run/describe-onnx.ts';
import { siblingsOf } from './open-file.ts';

/** The names that a file has for others of its folder. */
async function namesIn(path: string, source: ByteSource): Promise<readonly string[]> {
  if (path.toLowerCase().endsWith('.onnx'))
    return (await describeOnnx(source)).tensors.flatMap(({ file }) => file ?? []);
  const names: string[] = [];
  const find = siblingsOf(path);
  const sibling = async (name: string): Promise<ByteSource | undefined> => {
    const found = await find(name);
    if (found) names.push(name);
    return found;
  };
  await (await openTensors(source, { sibling })).close();
  return names;
}

/**
 * The files that a model file is read from: itself, and those that it names, such as shards and external data. Of what is no model, or
 * damaged, itself alone: whoever reads it says so.
 * @throws {Error} the system's, for a file that cannot be read.
 */
export async function filesOfModel(path: string): Promise<readonly string[]> {
  check('filesOfModel', 'path', path, aText);
  const source = await fileBytes(path);
  try {
    const names = new Set(await namesIn(path, source));
    return [path, ...[...names].map((name) => join(dirname(path), name))];
  } catch (error) {
    if (error instanceof FormatError) return [path];
    throw error;
  } finally {
    await source.close();
  }
}
