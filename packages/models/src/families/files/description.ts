/** What is known of an opened language model beside its module. */
import type { Json, ModuleConfig } from '@espalier/nn';
import type { Description } from '../../huggingface/model-folder.ts';

/** Ids of tokens that mean something to whoever generates text, as the file says them. */
export interface SpecialIds {
  /** Begins a text. */
  readonly bos?: number;
  /** Each of them ends one. */
  readonly eos: readonly number[];
  /** Fills rows of a batch up. */
  readonly pad?: number;
  readonly unknown?: number;
  /** Whether a text begins, or ends, with them where nobody says otherwise; absent where the file does not tell. */
  readonly addBos?: boolean;
  readonly addEos?: boolean;
}

/** What a file, or a folder, says of a model. */
export interface FileDescription {
  /** The family: `llama`. */
  readonly family: string;
  /** The model in the few words of its family, as `build` takes them. */
  readonly model: ModuleConfig;
  /** What the file calls models of this kind: `model_type`, or the architecture. */
  readonly said: string;
  /** What stands before the names of tensors in the file, where that may be one thing or another. */
  readonly prefix?: string;
  /** Where it comes from. */
  readonly format: 'huggingface' | 'gguf';
  /** All that the file says: the pairs of GGUF (`tokenizer.ggml.*` among them), or the keys of config.json. */
  readonly metadata: Description;
  /** What is otherwise here than in the file, in sentences: types of weights that became f32. */
  readonly notes: readonly string[];
  /** Tensors of the file that the model does not compute with: poolers, tables of angles. */
  readonly unused: readonly string[];
}

/** What a file, or a folder, says of a language model. */
export interface LanguageDescription extends FileDescription {
  /** What the module gives: logits [..., length, vocabulary] of the next token, or hidden states [..., length, width]. */
  readonly gives: 'logits' | 'states';
  /** The longest sequence that it was made for. */
  readonly context: number;
  /** How many different ids there are. */
  readonly vocabulary: number;
  /** Features of each position between layers. */
  readonly width: number;
  readonly special: SpecialIds;
  /** What generation_config.json says; empty where there is none. */
  readonly generation: Description;
}

/** JSON as an object, or an empty one. */
export function recordOf(json: Json | undefined): Description {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Description) : {};
}
