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
  /** What stands before the names of tensors, where that may be one thing or another. */
  readonly prefix?: string;
  /** What of a file the model does not compute with, beside what all files may have. */
  readonly unused?: readonly RegExp[];
}

/** What a file of the format called a model that it came from; nothing of a model that came from another format. */
export interface BeforeWriting {
  readonly said?: string;
  /** What stood before the names of tensors. */
  readonly prefix?: string;
}

/** What a file is to say of a model. */
export interface ModelToWrite {
  readonly said: Description;
  readonly parts: TensorParts;
  /** Tensors that no module has: tables of numbers. */
  readonly extra?: ReadonlyMap<string, readonly number[]>;
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
  readonly write: (model: ModuleConfig, before: BeforeWriting) => ModelToWrite;
}

/** A family of models that files of others hold. */
export interface FileFamily {
  readonly type: string;
  readonly layers: (model: ModuleConfig) => ModuleConfig;
  /** The sizes of a module, by its description, that of its first layer and those of all, in the words of the family. */
  readonly sizes: (
    config: ModuleConfig,
    block: ModuleConfig,
    blocks: readonly ModuleConfig[],
  ) => Omit<ModuleConfig, 'type'>;
  readonly huggingFace: FamilyFormat;
  readonly gguf?: FamilyFormat;
}

/** A family of language models. */
export interface LanguageFamily extends FileFamily {
  /** What its modules give: logits of the next token, or hidden states. */
  readonly gives: 'logits' | 'states';
}
