/** Language models out of folders of Hugging Face and GGUF files, their weights straight to a device. */
import type { Module } from '@espalier/nn';
import { ArgumentError, type Device } from '@espalier/tensor';
import type { ModelFolder } from '../../huggingface/model-folder.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import type { LanguageDescription } from './description.ts';

/** How a language model is opened. */
export interface OpenLanguageModelOptions {
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /**
   * What weights are kept in: in the blocks that they are stored in, where the engine has a format for them, or as f32. What
   * becomes f32 although blocks were asked for, `notes` says. Default: stored.
   */
  readonly weights?: 'stored' | 'f32';
}

/** An opened language model. */
export interface OpenedLanguageModel {
  /** In evaluation mode: i32 ids [..., length] to logits [..., length, vocabulary]. */
  readonly module: Module;
  readonly description: LanguageDescription;
}

/**
 * Opens a language model of a known family: a folder of Hugging Face (`openModelFolder`) or a GGUF file (`openTensorFile`), which
 * the caller closes.
 */
export async function openLanguageModel(
  from: ModelFolder | TensorSource,
  options: OpenLanguageModelOptions = {},
): Promise<OpenedLanguageModel> {
  await Promise.resolve();
  throw new ArgumentError('openLanguageModel', `not yet: ${typeof from} ${typeof options}`);
}
