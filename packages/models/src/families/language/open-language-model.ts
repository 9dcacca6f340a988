/** Language models out of folders of Hugging Face and GGUF files. */
import type { Module } from '@espalier/nn';
import type { ModelFolder } from '../../huggingface/model-folder.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import { recordOf, type FileDescription, type LanguageDescription } from '../files/description.ts';
import type { LanguageFamily } from '../files/file-family.ts';
import { languageFamilies } from '../files/file-families.ts';
import { openMember, type OpenModelOptions } from '../files/open-member.ts';
import { specialIdsOfConfig, specialIdsOfGguf } from '../files/special-ids.ts';

/** An opened language model. */
export interface OpenedLanguageModel {
  /** In evaluation mode: i32 ids [..., length] to logits [..., length, vocabulary], or to hidden states. */
  readonly module: Module;
  readonly description: LanguageDescription;
}

/**
 * Opens a language model of a known family: a folder of Hugging Face (`openModelFolder`) or a GGUF file (`openTensorFile`), which
 * the caller closes. Weights are read one at a time. The module is a `CausalLanguageModel`, which reads the slots `attentionCache`,
 * `attentionMask`, `positions` and `logitsOf`, or of BERT a `TextEncoder`; ids may have a length (`upTo`).
 * @throws {FormatError} for a family that is not known, for what a model of it asks for and there is not, by name, and for tensors
 * that are missing or have no place.
 *
 * @example
 * const file = await openTensorFile('model.gguf');
 * const { module, description } = await openLanguageModel(file);
 * const logits = module.call(tensor([1, 2, 3], { dtype: 'i32' })); // [3, vocabulary]
 */
export async function openLanguageModel(
  from: ModelFolder | TensorSource,
  options: OpenModelOptions = {},
): Promise<OpenedLanguageModel> {
  const { module, family, description } = await openMember('openLanguageModel', languageFamilies, from, options);
  return { module, description: await describeLanguage(from, family, description) };
}

/** What is said of a language model beside what is said of any model. */
export async function describeLanguage(
  from: ModelFolder | TensorSource,
  { gives }: LanguageFamily,
  description: FileDescription,
): Promise<LanguageDescription> {
  const { model, metadata } = description;
  const generation = 'config' in from ? recordOf(await from.json('generation_config.json')) : {};
  return {
    ...description,
    gives,
    context: Number(model['context']),
    vocabulary: Number(model['vocabulary']),
    width: Number(model['width']),
    special: 'config' in from ? specialIdsOfConfig(metadata, generation) : specialIdsOfGguf(metadata),
    generation,
  };
}
