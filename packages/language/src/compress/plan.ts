/** What becomes of each tensor of a model, said before anything is done. */
import {
  aModelInParts,
  fileDType,
  storedAs,
  type ModelInParts,
  type ModelToStore,
  type TensorEntry,
} from '@espalier/models';
import { ArgumentError, type Shape } from '@espalier/tensor';
import {
  anObject,
  aText,
  check,
  checkOptions,
  listOf,
  oneOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import { checkMethod, type CompressionMethod } from './method.ts';
import { standIns, storedType, typeNames, type StoredType, type TargetFormat } from './types.ts';

/** What tensors of some names become. */
export interface TypeRule {
  /** The name of a tensor in the written file; `*` stands for any letters: `blk.*.ffn_down.weight`. */
  readonly tensors: string;
  /** `F16`, `Q5_0`; `kept` for what it is. */
  readonly type: string;
}

/** What a model is to become. */
export interface PlanOptions {
  readonly to: TargetFormat;
  /** What happens to the matrices of layers. Default: nothing but a change of type. */
  readonly method?: CompressionMethod;
  /** The type of the matrices of layers. Default: that of the method, else what they are. */
  readonly type?: string;
  /** For tensors by name; the first that fits counts, before `type` and the method. */
  readonly rules?: readonly TypeRule[];
}

const aTypeRule: Rule<TypeRule> = ruleOf(
  'a rule of a type, { tensors, type } in texts',
  (value) => anObject.holds(value) && aText.holds(value['tensors']) && aText.holds(value['type']),
);
const aPlan: Rule<CompressionPlan> = ruleOf(
  'a plan, as planCompression gives one',
  (value) => anObject.holds(value) && listOf(aText).holds(value['notes']),
);
const aTarget = oneOf<TargetFormat>('gguf', 'safetensors');
const optionRules: OptionRules<PlanOptions> = {
  to: aTarget,
  method: anObject as never,
  type: aText,
  rules: listOf(aTypeRule),
};

/** What becomes of one tensor. */
export interface PlannedTensor {
  /** In the written file. */
  readonly name: string;
  readonly shape: Shape;
  readonly from: string;
  readonly to: string;
  /** Whether the method works on its values. */
  readonly isWorkedOn: boolean;
  /** In a few words. */
  readonly why: string;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** What becomes of a model. It is plain JSON. */
export interface CompressionPlan {
  readonly to: TargetFormat;
  readonly method: CompressionMethod | null;
  readonly tensors: readonly PlannedTensor[];
  /** Of all tensors, without what a file says beside them. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** What is not as it was asked for, in sentences. */
  readonly notes: readonly string[];
}

/** A matrix between positions of a layer: what methods work on, and what types are changed of. */
const isLayerMatrix = (own: readonly string[], { shape }: TensorEntry): boolean =>
  shape.length === 2 && own.every((name) => name.startsWith('layers.'));

function matcherOf({ tensors }: TypeRule): (name: string) => boolean {
  const parts = tensors.split('*').map((part) => part.replaceAll(/[\\^$.+?()[\]{}|]/gu, String.raw`\$&`));
  const form = new RegExp(`^${parts.join('.*')}$`, 'u');
  return (name) => form.test(name);
}

/** How the file to write has the tensors of a model, and of which parameters each is. */
export function targetOf(
  model: ModelInParts,
  to: TargetFormat,
): ModelToStore & { readonly owners: ReadonlyMap<string, readonly string[]> } {
  const target = storedAs(model, to === 'gguf' ? 'gguf' : 'huggingface');
  const owners = new Map<string, string[]>();
  for (const [own, { name }] of target.parts) owners.set(name, [...(owners.get(name) ?? []), own]);
  return { ...target, owners };
}

/** Why a type of codes cannot be had by a tensor of a folder, which has it in another way than it is computed with. */
function isPlain(target: ModelToStore, own: readonly string[]): boolean {
  const parts = own.map((name) => target.parts.get(name));
  return own.length === 1 && parts.every((part) => part?.rows === undefined && part?.transposed !== true);
}

/**
 * What becomes of each tensor of a model, and why. Where the blocks of a type do not divide a row, the tensor gets another type, and
 * `notes` says so.
 * @throws {ArgumentError} for a type that the format does not have, a rule that fits no tensor, and a method whose groups do not
 * divide all rows that it works on, with the list of them.
 */
export function planCompression(model: ModelInParts, options: PlanOptions): CompressionPlan {
  check('planCompression', 'the model', model, aModelInParts);
  const { to, rules = [], type, method: chosen } = checkOptions('planCompression', options, optionRules);
  check('planCompression', 'to', to, aTarget);
  const method = chosen && checkMethod(chosen);
  for (const each of [...rules.map((rule) => rule.type), ...(type === undefined ? [] : [type])]) checkType(to, each);
  const target = targetOf(model, to);
  const known = rules.map((rule) => ({ rule, matches: matcherOf(rule), hits: 0 }));
  const notes: string[] = [];
  const badGroups: string[] = [];
  const tensors: PlannedTensor[] = [];
  for (const [name, own] of target.owners) {
    const entries = own.map((each) => model.tensors.tensors.get(each) as TensorEntry);
    const [first] = entries as [TensorEntry];
    const shape =
      entries.length === 1
        ? first.shape
        : [entries.reduce((sum, each) => sum + (each.shape[0] ?? 1), 0), ...first.shape.slice(1)];
    const isMatrix = isLayerMatrix(own, first);
    const ruled = known.find(({ matches }) => matches(name));
    if (ruled) ruled.hits++;
    const isWorkedOn = isMatrix && method !== undefined && (ruled === undefined || !method.rounds);
    const [asked, why] = ruled
      ? [ruled.rule.type, `by the rule ${ruled.rule.tensors}`]
      : isMatrix && type !== undefined
        ? [type, 'a matrix of a layer']
        : isWorkedOn
          ? [method.storedAs(to), `a matrix of a layer: ${method.words}`]
          : [
              'kept',
              isMatrix
                ? 'nothing was asked for'
                : first.shape.length < 2
                  ? 'a norm or a bias: small, and all depends on it'
                  : 'no matrix of a layer',
            ];
    const columns = first.shape.at(-1) ?? 1;
    const group = isWorkedOn ? method.group : undefined;
    if (group !== undefined && columns % group !== 0) badGroups.push(`${name} [${shape.join(', ')}]`);
    const wanted = asked === 'kept' ? keptType(to, first.dtype) : { name: asked, note: '' };
    const fitting = fit(to, wanted.name, columns, isPlain(target, own));
    const said = [why, wanted.note, fitting.note].filter((part) => part !== '').join('; ');
    if (fitting.note !== '') notes.push(`${name}: ${fitting.note}`);
    tensors.push({
      name,
      shape,
      from: first.dtype,
      to: fitting.type.name,
      isWorkedOn,
      why: said,
      bytesBefore: entries.reduce((sum, each) => sum + each.bytes, 0),
      bytesAfter: fitting.type.bytes(shape),
    });
  }
  for (const { rule, hits } of known)
    if (hits === 0)
      throw new ArgumentError(
        'planCompression',
        `the rule ${rule.tensors} fits no tensor; names are such as ${[...target.owners.keys()].slice(0, 4).join(', ')}`,
      );
  if (badGroups.length > 0)
    throw new ArgumentError(
      'planCompression',
      `groups of ${method?.group} columns do not divide ${badGroups.length} matrices: ${badGroups.slice(0, 8).join(', ')}${badGroups.length > 8 ? ' …' : ''}; give a group that divides them, or a rule for them`,
    );
  for (const [name, { dtype, shape, bytes }] of target.others)
    tensors.push({
      name,
      shape,
      from: dtype,
      to: dtype,
      isWorkedOn: false,
      why: 'no parameter: carried',
      bytesBefore: bytes,
      bytesAfter: bytes,
    });
  return { to, method: options.method ?? null, tensors, ...sums(tensors), notes };
}

function sums(tensors: readonly PlannedTensor[]): { readonly bytesBefore: number; readonly bytesAfter: number } {
  const sum = (of: (each: PlannedTensor) => number): number => tensors.reduce((total, each) => total + of(each), 0);
  return { bytesBefore: sum(({ bytesBefore }) => bytesBefore), bytesAfter: sum(({ bytesAfter }) => bytesAfter) };
}

/** @throws {ArgumentError} for a type that a format does not have. */
function checkType(to: TargetFormat, type: string): void {
  if (type === 'kept' || storedType(to, type) !== undefined) return;
  throw new ArgumentError(
    'planCompression',
    `${to} has no type ${type}; it has ${typeNames[to].join(', ')}, and there is kept`,
  );
}

/** The type of a format that is nearest to one of a file, for rows of so many columns. */
export function typeLike(to: TargetFormat, dtype: string, columns: number): string {
  return fit(to, keptType(to, dtype).name, columns, true).type.name;
}

/** What a tensor that nobody asked anything of is in a format. */
function keptType(to: TargetFormat, dtype: string): { readonly name: string; readonly note: string } {
  if (storedType(to, dtype)) return { name: dtype, note: '' };
  const kind = fileDType(dtype);
  return { name: 'F32', note: `${to} has no ${kind?.name ?? dtype}, so it is F32` };
}

/** The type asked for, or the one that stands in for it. */
function fit(
  to: TargetFormat,
  name: string,
  columns: number,
  plain: boolean,
): { readonly type: StoredType; readonly note: string } {
  const type = storedType(to, name) as StoredType;
  if (name.startsWith('int') && !plain)
    return {
      type: storedType(to, 'F16') as StoredType,
      note: `it lies transposed, or with others, in this format, which ${name} does not: it is F16`,
    };
  if (columns % type.columns === 0) return { type, note: '' };
  const other = standIns[name] ?? 'F16';
  const next = fit(to, other, columns, plain);
  return {
    type: next.type,
    note: `blocks of ${name} have ${type.columns} columns, which do not divide ${columns}: it is ${next.type.name}`,
  };
}

/** @throws {ArgumentError} with all of it, where something is not as it was asked for. */
export function refuseNotes(plan: CompressionPlan): void {
  const { notes } = check('refuseNotes', 'the plan', plan, aPlan);
  if (notes.length === 0) return;
  throw new ArgumentError(
    'planCompression',
    `not all can be as asked: ${notes.slice(0, 12).join('; ')}${notes.length > 12 ? `; and ${notes.length - 12} more` : ''}; give types whose blocks divide these rows`,
  );
}
