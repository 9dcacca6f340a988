/** Ids that mean something, as files say them. */
import type { Json } from '@espalier/nn';
import type { Description } from '../../huggingface/model-folder.ts';
import type { SpecialIds } from './description.ts';

const isId = (value: Json | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function withIds(ids: { readonly [Key in 'bos' | 'pad' | 'unknown']: Json | undefined }): Omit<SpecialIds, 'eos'> {
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => isId(id)));
}

/** Of config.json and generation_config.json, which has the last word; the end of a text may be one id or a list. */
export function specialIdsOfConfig(config: Description, generation: Description): SpecialIds {
  const of = (key: string): Json | undefined => generation[key] ?? config[key];
  const end = of('eos_token_id');
  return {
    ...withIds({ bos: of('bos_token_id'), pad: of('pad_token_id'), unknown: undefined }),
    eos: (Array.isArray(end) ? (end as readonly Json[]) : [end as Json]).filter(isId),
  };
}

/** Of the pairs of a GGUF file; the end of a turn ends a text, too. */
export function specialIdsOfGguf(pairs: Description): SpecialIds {
  const of = (key: string): Json | undefined => pairs[`tokenizer.ggml.${key}`];
  const ends = [of('eos_token_id'), of('eot_token_id')].filter(isId);
  const said = (key: string): boolean | undefined => (typeof of(key) === 'boolean' ? (of(key) as boolean) : undefined);
  const [addBos, addEos] = [said('add_bos_token'), said('add_eos_token')];
  return {
    ...withIds({ bos: of('bos_token_id'), pad: of('padding_token_id'), unknown: of('unknown_token_id') }),
    eos: [...new Set(ends)],
    ...(addBos !== undefined && { addBos }),
    ...(addEos !== undefined && { addEos }),
  };
}
