/** What a model wants around a text: tokens before and after it. */
import type { Json } from '@espalier/nn';
import { fault, isObject, partsWithin, type Part } from '../tokenizer-json.ts';

/** Ids before and after a text. */
export interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const none: Frame = { before: [], after: [] };

type Make = (part: Part, name: string) => Frame;

/** Of BERT and RoBERTa: `cls` and `sep` are a token and its id each. */
const classified: Make = (part, name) => {
  const idOf = (key: string): number => {
    const pair = part[key];
    const id: unknown = Array.isArray(pair) ? pair[1] : undefined;
    if (typeof id !== 'number') throw fault(name, `has a post_processor whose ${key} is no token with its id`);
    return id;
  };
  return { before: [idOf('cls')], after: [idOf('sep')] };
};

const template: Make = (part, name) => {
  const single = part['single'] ?? [];
  const tokens = part['special_tokens'] ?? {};
  if (!Array.isArray(single) || !isObject(tokens)) throw fault(name, 'has a post_processor without a template');
  const [before, after]: [number[], number[]] = [[], []];
  let side = before;
  for (const item of single as readonly Json[]) {
    const token = isObject(item) ? item['SpecialToken'] : undefined;
    if (token === undefined) side = after;
    else side.push(...idsOf(tokens, token, name));
  }
  return { before, after };
};

function idsOf(tokens: { readonly [name: string]: Json }, token: Json, name: string): readonly number[] {
  const id = isObject(token) ? token['id'] : undefined;
  const said = typeof id === 'string' && Object.hasOwn(tokens, id) ? tokens[id] : undefined;
  const ids: unknown = isObject(said) ? said['ids'] : undefined;
  if (Array.isArray(ids) && ids.every((each): each is number => typeof each === 'number')) return ids;
  throw fault(name, 'has a post_processor with a special token that has no ids');
}

const makers: Readonly<Record<string, Make>> = {
  BertProcessing: classified,
  ByteLevel: () => none,
  RobertaProcessing: classified,
  Sequence: (part, name) =>
    partsWithin(part)
      .map((each) => frameOf(each, name))
      .reduce((so, each) => ({ before: [...each.before, ...so.before], after: [...so.after, ...each.after] }), none),
  TemplateProcessing: template,
};

/** @throws {FormatError} for a type that nobody knows. */
export function frameOf(part: Part | null, name: string): Frame {
  if (part === null) return none;
  const make = Object.hasOwn(makers, part.type) ? makers[part.type] : undefined;
  if (make) return make(part, name);
  throw fault(name, `has a post_processor of type ${JSON.stringify(part.type).slice(0, 40)}, which is not known`);
}
