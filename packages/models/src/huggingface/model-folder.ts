/**
 * A model as Hugging Face keeps it: config.json, weights in one file or several, and more descriptions beside them.
 * Source: Hugging Face, "transformers", files of a model.
 */
import { FormatError, type Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import type { ByteSource } from '@espalier/nn/format';
import { aFunction, aText, check } from '@espalier/tensor/arguments';
import { ArgumentError } from '@espalier/tensor';
import { readJson, readJsonObject, readText } from '../containers/json-file.ts';
import { openTensors } from '../containers/registry.ts';
import { dequantizedSource, type DequantizedSource } from '../quantized/quantized-source.ts';
import type { TensorSource } from '../tensors/tensor-source.ts';

/** A description, with all of its keys, known or not. */
export type Description = { readonly [key: string]: Json };

/** Finds a file of the folder by its name; undefined where there is none. */
export type FindFile = (name: string) => Promise<ByteSource | undefined>;

/** An open model. */
export interface ModelFolder {
  /** What config.json says. */
  readonly config: Description;
  /** Its tensors; weights that were saved quantized are floats when they are read. */
  readonly tensors: TensorSource | DequantizedSource;
  /** The tensors as they are in the files. */
  readonly stored: TensorSource;
  /**
   * What another JSON file of the folder says, such as `generation_config.json` or `1_Pooling/config.json`; undefined where
   * there is none.
   * @throws {FormatError} naming the file, for what is no JSON.
   */
  readonly json: (name: string) => Promise<Json | undefined>;
  /**
   * Another text of the folder, such as `chat_template.jinja`; undefined where there is none.
   * @throws {FormatError} naming the file, for what is no text in UTF-8.
   */
  readonly text: (name: string) => Promise<string | undefined>;
  readonly close: () => Promise<void>;
}

/** Where weights are, the first that is there. */
const weightFiles = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const;
/** No description is larger; a tokenizer.json of a large vocabulary has 33 MB. */
const mostBytes = 2 ** 27;

/**
 * Opens a model by its files.
 * @param find gives its files by name
 * @param name where they are, for errors
 * @throws {FormatError} naming the file that is missing or damaged, and a quantization that is not known.
 */
export async function openHuggingFace(find: FindFile, name = 'model'): Promise<ModelFolder> {
  check<unknown>('openHuggingFace', 'find', find, aFunction);
  check('openHuggingFace', 'name', name, aText);
  const described = await find('config.json');
  if (!described)
    throw new FormatError(name, 0, 'has no config.json; a model of Hugging Face has one beside its weights');
  const config = await closing(described, (source) => readJsonObject(source, mostBytes));
  const stored = await openWeights(find, name);
  try {
    return {
      config,
      stored,
      tensors: await floatsOf(stored, config, described.name),
      json: async (file) => {
        const source = await find(check('json', 'the name', file, aText));
        return source && closing(source, (open) => readJson(open, mostBytes));
      },
      text: async (file) => {
        const source = await find(check('text', 'the name', file, aText));
        return source && closing(source, (open) => readText(open, mostBytes));
      },
      close: () => stored.close(),
    };
  } catch (error) {
    await stored.close();
    throw error;
  }
}

async function openWeights(find: FindFile, name: string): Promise<TensorSource> {
  for (const file of weightFiles) {
    const source = await find(file);
    if (source) return openTensors(source, { sibling: find });
  }
  throw new FormatError(name, 0, `has no weights; one of ${weightFiles.join(', ')} has to be there`);
}

async function floatsOf(stored: TensorSource, config: Description, file: string): Promise<TensorSource> {
  const { quantization_config: quantization } = config;
  if (quantization === undefined || quantization === null) return stored;
  try {
    return await dequantizedSource(stored, quantization as Description);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new FormatError(file, 0, `${showName('quantization_config')}: ${error.message}`);
  }
}

async function closing<T>(source: ByteSource, use: (source: ByteSource) => Promise<T>): Promise<T> {
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}
