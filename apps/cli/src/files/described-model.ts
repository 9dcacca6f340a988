/** What a file's model is, where that is said beside the file: a description, and how tensors find their layers. */
import { existsSync } from 'node:fs';
import {
  importModel,
  memberNamed,
  memberNames,
  stateDictModel,
  type ImportedModel,
  type StateNames,
  type TensorSource,
} from '@espalier/models';
import type { ModuleConfig } from '@espalier/nn';
import { readText } from '../cli/read-text.ts';
import { UsageError } from '../errors.ts';

/** What is said of a file beside its name. */
export interface FileModelOptions {
  /** Of a file of PyTorch: where in it the tensors are. */
  readonly key?: string;
  /** A name of a model, or a file with a description. */
  readonly model?: string;
  /** `name`, `order`, or a file. */
  readonly names?: string;
  /** The shape of one example. */
  readonly input?: readonly number[];
  /** Of an ONNX model: inputs that always have the same value. */
  readonly fixed?: readonly string[];
}

/** @throws {UsageError} for a file that is no JSON object. */
async function readObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(await readText(path));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new UsageError(`${path}: it is no JSON object`);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${path}: it is no JSON: ${error.message}`);
    throw error;
  }
}

async function namesBy(how: string): Promise<StateNames> {
  if (how === 'name' || how === 'order') return how;
  const names = Object.entries(await readObject(how));
  return new Map(
    names.map(([own, name]) => {
      if (typeof name === 'string') return [own, name];
      throw new UsageError(`${how}: ${own} has no name: give that of a tensor of the file`);
    }),
  );
}

/** The model of an open file: by its description, if one is said. */
export async function modelOfSource(source: TensorSource, { model, names }: FileModelOptions): Promise<ImportedModel> {
  if (model === undefined) return importModel(source);
  const how = names === undefined ? {} : { names: await namesBy(names) };
  return stateDictModel(source, await describedBy(model), how);
}

/** A description: by its name, or in a file. */
async function describedBy(model: string): Promise<ModuleConfig> {
  const named = memberNamed(model);
  if (named) return named;
  if (!existsSync(model))
    throw new UsageError(`${model}: there is no such file, and no such model: known are ${memberNames().join(', ')}`);
  return (await readObject(model)) as ModuleConfig;
}

/** What is said of files of the other kind, by what they are. */
const foreign = {
  onnx: [['model', 'names', 'key'], 'an ONNX model says itself what its layers are'],
  tensors: [['fixed'], 'only ONNX models have inputs to fix'],
} as const;

/** @throws {UsageError} for options that are of another kind of file. */
export function refuseForeign(file: string, options: FileModelOptions): void {
  const [others, why] = foreign[/[.]onnx$/iu.test(file) ? 'onnx' : 'tensors'];
  const given = others.filter((name) => options[name] !== undefined);
  if (given.length > 0)
    throw new UsageError(`${file}: ${why}: leave out ${given.map((name) => `--${name}`).join(', ')}`);
}
