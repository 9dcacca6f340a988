/** What the files of a model have to be, where they are an argument. */
import type { LanguageDescription, ModelFolder, TensorSource } from '@espalier/models';
import { anObject, ruleOf, type Rule } from '@espalier/tensor/arguments';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => anObject.holds(value);

/** A folder of Hugging Face. */
export const aModelFolder: Rule<ModelFolder> = ruleOf(
  'a folder, as openModelFolder gives one',
  (value) =>
    isRecord(value) &&
    isRecord(value['config']) &&
    [value['json'], value['text']].every((each) => typeof each === 'function'),
);

/** What says something of texts in a GGUF file. */
export const aTensorFile: Rule<Pick<TensorSource, 'metadata' | 'name'>> = ruleOf(
  'a file, as openTensorFile gives one',
  (value) => isRecord(value) && isRecord(value['metadata']),
);

/** Either of them. */
export const aModelSource: Rule<ModelFolder | TensorSource> = ruleOf(
  'a file, as openTensorFile gives one, or a folder, as openModelFolder does',
  (value) => (isRecord(value) && 'config' in value ? aModelFolder.holds(value) : aTensorFile.holds(value)),
);

/** The description of an opened model. */
export const aDescription: Rule<LanguageDescription> = ruleOf(
  'the description of an opened model',
  (value) => isRecord(value) && isRecord(value['metadata']) && isRecord(value['special']),
);
