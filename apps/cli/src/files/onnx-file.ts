/** ONNX models as arguments of commands, and as what they write. */
import {
  describeOnnx,
  exportOnnx,
  importOnnx,
  OnnxModule,
  onnxLosses,
  OnnxTensor,
  type OnnxDescription,
} from '@espalier/models';
import { fileBytes, siblingsOf, writeFileBy } from '@espalier/models/node';
import type { Json, Module } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { UsageError } from '../errors.ts';
import { writeOutputFile, type FileRequest } from '../output/output-file.ts';

/**
 * Inputs that always have the same value, by what was said of them: `length=7`, `sizes=3,4`.
 * @throws {UsageError} for what is no input, and for no numbers.
 */
function fixedInputs(
  path: string,
  inputs: OnnxDescription['inputs'],
  given: readonly string[],
): Readonly<Record<string, OnnxTensor>> {
  return Object.fromEntries(
    given.map((text) => {
      const [name = '', list = ''] = text.split(/=(?=[^=]*$)/u);
      const input = inputs.find((each) => each.name === name);
      const numbers = list.split(',').map(Number);
      const names = inputs.map((each) => showName(each.name)).join(', ');
      if (!input) throw new UsageError(`${path}: --fixed ${text}: the model has no such input: it has ${names}`);
      if (list.trim() === '' || numbers.some(Number.isNaN))
        throw new UsageError(`${path}: --fixed ${text}: give numbers, such as ${name}=7 or ${name}=3,4`);
      const sizes = input.shape?.filter((size) => typeof size === 'number');
      const known = sizes?.length === input.shape?.length ? sizes : undefined;
      const count = known?.reduce((product, size) => product * size, 1);
      if (count !== undefined && count !== numbers.length && numbers.length > 1)
        throw new UsageError(`${path}: --fixed ${text}: the input is [${known?.join(', ')}], of ${count} numbers`);
      const all =
        count === undefined
          ? numbers
          : Array.from({ length: count }, (_, index) => numbers[index % numbers.length] as number);
      const shape = known ?? (input.shape?.length === 0 ? [] : [all.length]);
      return [name, OnnxTensor.numbers(input.type ?? 'f32', all, shape)];
    }),
  );
}

/**
 * Makes a module of an ONNX model, with weights that lie in other files of its folder.
 * @throws {UsageError} for one that takes several inputs, or none, beside those that are fixed.
 */
export async function readOnnx(path: string, given: readonly string[] = []): Promise<OnnxModule> {
  const source = await fileBytes(path);
  try {
    const { inputs } = await describeOnnx(source);
    const fixed = fixedInputs(path, inputs, given);
    const open = inputs.filter(({ name }) => !Object.hasOwn(fixed, name));
    if (open.length !== 1) {
      const names = open.map(({ name }) => showName(name)).join(', ') || 'none';
      throw new UsageError(
        `${path}: a model has one input here, and this one has ${names}: say what the others always are by --fixed name=numbers`,
      );
    }
    return (await importOnnx(source, { sibling: siblingsOf(path), fixed })).eval();
  } finally {
    await source.close();
  }
}

/** What a model folder says of the ONNX model that it was made of; the shape of an example, where the model or the user says one. */
export function describeOnnxOrigin(module: OnnxModule, input?: readonly number[]): { readonly [key: string]: Json } {
  const shape = input ?? module.parts.graph.inputs[0]?.shape?.slice(1);
  const isKnown = shape && shape.length > 0 && shape.every((size) => typeof size === 'number' && size > 0);
  return { imported: { format: 'onnx', by: 'graph' }, ...(isKnown && { input: [...shape] }) };
}

/**
 * Writes a model as ONNX: what was imported with its operators, others in those of version 17. Gives what is lost, in words.
 * @throws {OnnxError} before anything is written, naming a layer that has no form in ONNX.
 */
export async function writeOnnx(
  file: FileRequest,
  model: Module,
  input?: readonly number[],
): Promise<readonly string[]> {
  const given = model instanceof OnnxModule || input === undefined ? {} : { input };
  const losses = onnxLosses(model);
  await writeOutputFile(file, (path) => writeFileBy(path, (sink) => exportOnnx(model, sink, given)));
  return losses;
}
