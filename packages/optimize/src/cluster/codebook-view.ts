/** Values that weights share, as a view of a parameter: training moves all weights of a value together. */
import { deriveSeed, type Parameter, type ParameterView } from '@espalier/nn';
import { aByteArray, aParameter } from '@espalier/nn/arguments';
import { arange, ArgumentError, concat, fromTyped, stack, zeros, type Tensor } from '@espalier/tensor';
import { aBoolean, aTensor, check, checkOptions, type OptionRules } from '@espalier/tensor/arguments';
import { quote } from '../quote.ts';

/** The name of codebook views. */
export const codebookViewName = 'codebook';

/** Which weights share a value. */
export interface SharedValues {
  /** i32 [size], row-major: weights of one code have one value. */
  readonly codes: Tensor;
  /** i32 [n]: of each code the place of a weight that has it, from code 0 on, or from 1 where `zero` is. */
  readonly members: Tensor;
  /** Whether weights of the code 0 are exactly 0, and stay so. */
  readonly zero: boolean;
}

/**
 * Shows each weight of a code as the same value: the raw value of one of them, which training moves by the sum of the
 * gradients of all (S. Han et al., "Deep Compression", 2016). Which weights share does not change.
 */
export class CodebookView implements ParameterView, SharedValues {
  readonly name: string = codebookViewName;
  readonly codes: Tensor;
  readonly members: Tensor;
  readonly zero: boolean;
  readonly settings: string;

  /** `settings` tells this view from others in checkpoints. */
  constructor({ codes, members, zero }: SharedValues, settings: string) {
    this.codes = codes.realizeSync();
    this.members = members.realizeSync();
    this.zero = zero;
    this.settings = settings;
  }

  readonly apply = (tensor: Tensor): Tensor => {
    // All of them are 0, or there is none.
    if (this.members.size === 0) return tensor;
    const own = tensor.reshape(-1).take(this.members);
    const table = this.zero ? concat([zeros([1], { device: own.device }), own]) : own;
    return table.take(this.codes).reshape(tensor.shape);
  };

  readonly copy = async ({ device }: Tensor): Promise<CodebookView> => {
    const { zero, settings } = this;
    return new CodebookView(
      { codes: await this.codes.to(device), members: await this.members.to(device), zero },
      settings,
    );
  };
}

const codebookRules: OptionRules<{ readonly zero?: boolean }> = { zero: aBoolean };

/** The codebook view of a parameter, if it has one. */
export function codebookOf(parameter: Parameter): CodebookView | undefined {
  return check('codebookOf', 'parameter', parameter, aParameter).views.find((view) => view instanceof CodebookView);
}

/**
 * Has the weights of a parameter share values from now on: those of one code show the raw value of the first of them. With
 * `zero` those of the code 0 are exactly 0. It comes after a mask.
 * @throws {ArgumentError} unless there is a code for each weight.
 */
export function setCodebook(
  parameter: Parameter,
  codes: Uint8Array,
  options: { readonly zero?: boolean } = {},
): CodebookView {
  check('setCodebook', 'parameter', parameter, aParameter);
  check('setCodebook', 'codes', codes, aByteArray);
  const { zero = false } = checkOptions('setCodebook', options, codebookRules);
  const { size, device } = parameter.tensor;
  if (codes.length !== size)
    throw new ArgumentError('setCodebook', `${codes.length} codes are given for ${size} weights; give one for each`);
  // Without the codes that no weight has.
  const [dense, first] = withoutGaps(codes, zero);
  const view = new CodebookView(
    {
      codes: fromTyped(Int32Array.from(dense), [size], { device }),
      members: fromTyped(Int32Array.from(first), [first.length], { device }),
      zero,
    },
    `${zero} ${deriveSeed(0, dense.join()).toString(36)}`,
  );
  parameter.removeViews(codebookViewName);
  parameter.views.push(view);
  return view;
}

/** The codes as if only those existed that occur (0 is there anyway where it is the code of 0), and where each occurs first. */
function withoutGaps(codes: Uint8Array, zero: boolean): readonly [codes: Uint8Array, first: number[]] {
  const firsts = new Map<number, number>();
  for (const [place, code] of codes.entries()) if (!firsts.has(code)) firsts.set(code, place);
  if (zero) firsts.delete(0);
  const used = [...firsts.keys()].toSorted((a, b) => a - b);
  const renamed = new Uint8Array(256);
  for (const [at, code] of used.entries()) renamed[code] = at + Number(zero);
  return [codes.map((code) => renamed[code] as number), used.map((code) => firsts.get(code) as number)];
}

/**
 * The view of a weight that has the values of an ascending table, of which the first is 0 and stands apart where `zero` is:
 * found on the device of the weight.
 */
export function codebookFrom(dense: Tensor, table: Float32Array<ArrayBuffer>, zero: boolean): CodebookView {
  const { device, size } = dense;
  const flat = dense.reshape(-1);
  const own = fromTyped(zero ? table.slice(1) : table, [table.length - Number(zero)], { device });
  let found = flat.mul(0).cast('i32');
  // By halves: how many of the table are below a value.
  for (let step = own.size === 0 ? 0 : 2 ** Math.ceil(Math.log2(own.size)); step >= 1; step /= 2) {
    const next = found.add(step);
    const isBelow = own.take(next.minimum(own.size).sub(1)).lt(flat).logicalAnd(next.le(own.size));
    found = next.where(isBelow, found);
  }
  const codes = zero ? found.add(1).where(flat.ne(0), 0).realizeSync() : found.realizeSync();
  const members = Array.from({ length: own.size }, (_, at) =>
    codes
      .eq(at + Number(zero))
      .cast('i32')
      .argmax(0),
  );
  return new CodebookView(
    {
      codes,
      members: members.length > 0 && size > 0 ? stack(members).cast('i32') : arange(0, 0, 1, { dtype: 'i32', device }),
      zero,
    },
    `${zero} ${deriveSeed(0, table.join()).toString(36)}`,
  );
}

/**
 * A view from what a file holds of it.
 * @throws {ArgumentError} for arrays that are none of it.
 */
export function loadCodebook(
  { settings, arrays }: { readonly settings: unknown; readonly arrays: Readonly<Record<string, Tensor>> },
  like: Tensor,
): CodebookView {
  const { codes, members } = arrays;
  const { zero, text } = Object(settings) as { readonly zero?: unknown; readonly text?: unknown };
  check('codebook', 'like', like, aTensor);
  if (codes?.dtype !== 'i32' || codes.shape.join() !== String(like.size))
    throw new ArgumentError('codebook', `codes must be an i32 for each of ${like.size} weights`);
  if (members?.dtype !== 'i32' || members.rank !== 1 || members.size > 256)
    throw new ArgumentError('codebook', 'members must be up to 256 places, i32');
  if (typeof zero !== 'boolean' || typeof text !== 'string')
    throw new ArgumentError('codebook', `its settings are ${quote(settings)}; they must be { zero, text }`);
  return new CodebookView({ codes, members, zero }, text);
}
