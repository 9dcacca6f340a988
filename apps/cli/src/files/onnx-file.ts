/** ONNX models as arguments of commands, and as what they write. */
import { describeOnnx, exportOnnx, importOnnx, OnnxModule, onnxLosses } from '@espalier/models';
import { fileBytes, siblingsOf, writeFileBy } from '@espalier/models/node';
import type { Json, Module } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { UsageError } from '../errors.ts';
import { writeOutputFile, type FileRequest } from '../output/output-file.ts';

/**
 * Makes a module of an ONNX model, with weights that lie in other files of its folder.
 * @throws {UsageError} for one that takes several inputs, or none.
 */
export async function readOnnx(path: string): Promise<OnnxModule> {
  const source = await fileBytes(path);
  try {
    const { inputs } = await describeOnnx(source);
    if (inputs.length !== 1) {
      const names = inputs.map(({ name }) => showName(name)).join(', ') || 'none';
      throw new UsageError(
        `${path}: a model has one input here, and this one has ${names}: export it with the others fixed (from TypeScript: importOnnx, with fixed)`,
      );
    }
    return (await importOnnx(source, { sibling: siblingsOf(path) })).eval();
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
