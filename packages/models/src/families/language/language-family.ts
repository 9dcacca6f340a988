/** What a family of language models knows of files: its models in the words of formats, and back. */
import type { ModuleConfig } from '@espalier/nn';
import type { Description } from '../../huggingface/model-folder.ts';
import type { TensorParts } from '../../tensors/parts.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import type { Said } from './said.ts';

/** A model in the words of its family, as a file says it. */
export interface SaidModel {
  readonly model: ModuleConfig;
  readonly parts: TensorParts;
  /** What of a file the model does not compute with, beside what all files may have. */
  readonly unused?: readonly RegExp[];
}

/** A format that a family is known in. */
export interface FamilyFormat {
  /** What files call its models: `model_type` of config.json, `general.architecture` of GGUF. */
  readonly names: readonly string[];
  /** What says how many layers there are; `A` in it stands for the architecture. */
  readonly layersKey: string;
  /**
   * What a file says.
   * @throws {FormatError} naming what it asks for that there is not.
   */
  readonly read: (said: Said, source: TensorSource, name: string) => SaidModel | Promise<SaidModel>;
  /**
   * What a file is to say of a model, beside what it said before.
   * @throws {ConfigError} for a model that the format has no words for.
   */
  readonly write: (model: ModuleConfig, name: string) => { readonly said: Description; readonly parts: TensorParts };
}

/** A family of language models. */
export interface LanguageFamily {
  readonly type: string;
  /** What its modules give: logits of the next token, or hidden states. */
  readonly gives: 'logits' | 'states';
  readonly layers: (model: ModuleConfig) => ModuleConfig;
  readonly huggingFace: FamilyFormat;
  readonly gguf: FamilyFormat;
}
