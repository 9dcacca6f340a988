// Small models that transformers made, opened as folders and as GGUF files, with what they have to give.
import { existsSync } from 'node:fs';
import { callContext, type CallSlots, type Module } from '@espalier/nn';
import { noGrad, tensor, type Tensor } from '@espalier/tensor';
import {
  bytesOf,
  memorySink,
  openHuggingFace,
  openLanguageModel,
  openTensors,
  type ModelFolder,
  type OpenedLanguageModel,
  type TensorSource,
  type WriteFile,
} from '../../src/index.ts';
import { golden, goldenJson } from './golden.ts';

/** What transformers makes of ids. */
export interface Answer {
  readonly ids: number[][];
  readonly output: number[];
  readonly types?: number[][];
  readonly mask?: number[][];
}

/** All of them, by model; those of pictures have pixels. */
export const answers = goldenJson('families/answers.json') as Readonly<Record<string, readonly Answer[]>>;

/** Models that read texts. */
export const texts = [
  ...(['llama', 'llama-biased', 'mistral', 'qwen2', 'qwen3', 'gpt2', 'bert'] as const),
  ...(['mistral-window', 'qwen2-window'] as const),
] as const;
/** Those of them that tell the next token. */
export const causal = texts.filter((name) => name !== 'bert');
/** Those with a GGUF file that gguf wrote. */
export const inGguf = ['llama', 'llama-biased', 'qwen2', 'qwen3', 'gpt2', 'bert'] as const;

/** A model of transformers as a folder; some of its files may be others. */
export function folderOf(name: string, others: Readonly<Record<string, Uint8Array>> = {}): Promise<ModelFolder> {
  return openHuggingFace(async (file) => {
    const own = others[file];
    if (own) return bytesOf(Uint8Array.from(own), file);
    const path = `families/${name}/${file}`;
    return existsSync(new URL(`../golden/${path}`, import.meta.url)) ? bytesOf(golden(path), file) : undefined;
  }, name);
}

/** The same as a GGUF file. */
export function ggufOf(name: string): Promise<TensorSource> {
  return openTensors(bytesOf(golden(`families/${name}.gguf`), `${name}.gguf`));
}

/** A folder with other words in its config.json. */
export function saying(name: string, words: Readonly<Record<string, unknown>>): Promise<ModelFolder> {
  const config = { ...(goldenJson(`families/${name}/config.json`) as object), ...words };
  return folderOf(name, { 'config.json': Buffer.from(JSON.stringify(config)) });
}

/** A model of transformers, opened. */
export async function opened(name: string): Promise<OpenedLanguageModel> {
  return openLanguageModel(await folderOf(name));
}

/** Ids as a tensor. */
export const idsOf = (ids: readonly (readonly number[])[] | readonly number[]): Tensor => tensor(ids, { dtype: 'i32' }); // prettier-ignore

/** What a model makes of an answer's ids. */
export function outputOf(module: Module, { ids, types, mask }: Answer): Tensor {
  const slots: CallSlots = {
    ...(types && { tokenTypes: idsOf(types) }),
    ...(mask && { attentionMask: idsOf(mask).ne(0).unsqueeze(1).unsqueeze(1) }),
  };
  return noGrad(() => module.call(idsOf(ids), callContext({ slots })));
}

/** Files that are written to memory, and the folder that they are. */
export function memoryFolder(): { readonly write: WriteFile; readonly open: () => Promise<ModelFolder> } {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    write: async (name, write) => {
      const sink = memorySink();
      await write(sink);
      files.set(name, sink.bytes());
    },
    open: () =>
      openHuggingFace(async (name) => {
        const found = files.get(name);
        return found && bytesOf(found, name);
      }),
  };
}
