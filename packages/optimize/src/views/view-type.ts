/** Kinds of views by name, so that files can hold them. */
import { FormatError, Registry, type Json, type ParameterView } from '@espalier/nn';
import { ArgumentError, fromBytes, isTensor, type Tensor } from '@espalier/tensor';
import {
  aFunction,
  anObject,
  aText,
  check,
  checkOptions,
  jsonFlaw,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { partsOf } from '../arguments.ts';
import { CodebookView, codebookViewName, loadCodebook } from '../cluster/codebook-view.ts';
import { MaskView, maskViewName } from '../prune/mask-view.ts';
import type { WeightFormat } from '../quantize/number-format.ts';
import { QuantizeView, quantizeViewName } from '../quantize/quantize-view.ts';
import { quote } from '../quote.ts';
import type { Effect } from '../recipe/pass.ts';

/** All that makes a view what it is, as a file holds it. */
export interface SavedView {
  /** What is small, as JSON. */
  readonly settings?: Json;
  /** What is large, by name. */
  readonly arrays?: Readonly<Record<string, Tensor>>;
}

/** A kind of view that files hold. */
export interface ViewType<View extends ParameterView = ParameterView> {
  /** The `name` of its views. */
  readonly name: string;
  /** Whether a view of the name is one of these: somebody else's may have the same. */
  readonly is: (view: ParameterView) => view is View;
  readonly save: (view: View) => SavedView | Promise<SavedView>;
  /**
   * The view for the parameter with the raw tensor `like`, on whose device the arrays are.
   * @throws {Error} that says what is wrong with what was saved: it comes from a file.
   */
  readonly load: (saved: Required<SavedView>, like: Tensor) => ParameterView;
  /** What a model was done to that has such views; rules of order see it in a model that is given. Default: nothing. */
  readonly effects?: readonly Effect[];
}

function viewType<View extends ParameterView>(type: ViewType<View>): ViewType {
  return type as unknown as ViewType;
}

const mask = viewType<MaskView>({
  name: maskViewName,
  is: (view) => view instanceof MaskView,
  save: (view) => ({ arrays: { kept: view.mask } }),
  load: ({ arrays: { kept } }, like) => {
    if (kept?.dtype !== 'bool' || kept.shape.join() !== like.shape.join())
      throw new ArgumentError('mask', `kept must be a bool for each of [${like.shape.join(', ')}]`);
    return new MaskView(kept, like);
  },
  effects: ['zeros'],
});

const quantization = viewType<QuantizeView>({
  name: quantizeViewName,
  is: (view) => view instanceof QuantizeView,
  save: ({ format, scales, zeros, group }) => ({
    settings: {
      format,
      scales: [...scales],
      ...(zeros && { zeros: [...zeros] }),
      ...(group !== undefined && { group }),
    },
  }),
  load: ({ settings }, like) => {
    const { format, scales, zeros, group } = Object(settings) as Readonly<Record<string, unknown>>;
    if (!Array.isArray(scales))
      throw new ArgumentError('fake-quantize', `scales is ${quote(scales)}; it must be a list`);
    if (zeros !== undefined && !Array.isArray(zeros))
      throw new ArgumentError('fake-quantize', `zeros is ${quote(zeros)}; it must be a list`);
    return new QuantizeView(format as WeightFormat, Float32Array.from(scales as number[]), like, {
      ...(zeros !== undefined && { zeros: Int8Array.from(zeros as number[]) }),
      ...(group !== undefined && { group: group as number }),
    });
  },
  effects: ['numbers'],
});

const shared = viewType<CodebookView>({
  name: codebookViewName,
  is: (view) => view instanceof CodebookView,
  save: ({ codes, members, zero, settings }) => ({ settings: { zero, text: settings }, arrays: { codes, members } }),
  load: loadCodebook,
  effects: ['numbers'],
});

const types = new Registry<ViewType>('view', ({ name }) => name, [mask, quantization, shared]);

/** The views that have layouts of their own in files, where no other stands beside them. */
export const ownViews: readonly ViewType[] = [mask, quantization, shared];

const aViewType = partsOf<ViewType>('a kind of view: { name, is, save, load }', {
  name: aText,
  is: aFunction,
  save: aFunction,
  load: aFunction,
});

/**
 * Makes a kind of view known by its name: copies and files of models then hold its views, with the parameter as it is
 * below them.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerView<View extends ParameterView>(type: ViewType<View>): void {
  types.register('registerView', check('registerView', 'type', viewType(type), aViewType));
}

/** The kind of a view, if it is known. */
export function typeOfView(view: ParameterView): ViewType | undefined {
  const type = types.get(view.name);
  return type?.is(view) ? type : undefined;
}

/** All else would be lost, as what is in a map would. */
const savedRules: OptionRules<SavedView> = {
  settings: ruleOf('JSON', () => true),
  arrays: ruleOf('an object of tensors by name', (value) => anObject.holds(value) && !(value instanceof Map)),
};

/**
 * What a known view is made of.
 * @throws {ArgumentError} where its kind says what no file can hold.
 */
export async function saveView(view: ParameterView): Promise<Required<SavedView>> {
  const type = typeOfView(view) as ViewType;
  const saved = check<object>(type.name, 'what its save gives', await type.save(view), anObject);
  const { settings = null, arrays = {} } = checkOptions<SavedView>(type.name, saved, savedRules);
  const odd = Object.entries<unknown>(arrays).find(([, array]) => !isTensor(array));
  if (odd) throw new ArgumentError(type.name, `saves ${quote(odd[1])} as ${quote(odd[0])}; it must be a tensor`);
  const flaw = jsonFlaw(settings, 'settings');
  if (flaw)
    throw new ArgumentError(type.name, `saves ${flaw}, which JSON cannot hold; save numbers as text, or as an array`);
  return { settings, arrays };
}

const isViewOf = (type: ViewType, view: unknown): view is ParameterView =>
  typeof view === 'object' &&
  view !== null &&
  (view as ParameterView).name === type.name &&
  type.is(view as ParameterView);

/**
 * A view of what was saved.
 * @throws {FormatError} naming the parameter, for a kind that is not known and for what fits none.
 */
export function loadView(parameter: string, name: string, saved: Required<SavedView>, like: Tensor): ParameterView {
  const type = types.get(name);
  if (!type)
    throw new FormatError(
      parameter,
      0,
      `the view ${quote(name)} is not known; there are ${types.list}, and what registerView adds`,
    );
  try {
    const view: unknown = type.load(saved, like);
    if (!isViewOf(type, view))
      throw new ArgumentError(type.name, `its load gave ${quote(view)}; it must be a view of its kind`);
    return view;
  } catch (error) {
    throw new FormatError(parameter, 0, `the view ${quote(name)} cannot be made: ${(error as Error).message}`);
  }
}

/** The same view for another parameter: by its own copy, else by what a file would hold; undefined where there is neither. */
export async function copyView(name: string, view: ParameterView, like: Tensor): Promise<ParameterView | undefined> {
  if (view.copy) return view.copy(like);
  if (!typeOfView(view)) return undefined;
  const { settings, arrays } = await saveView(view);
  const moved = Object.entries(arrays).map(async ([key, array]) => {
    const { shape, dtype } = array;
    return [key, fromBytes(await array.bytes(), shape, { dtype, device: like.device })] as const;
  });
  return loadView(name, view.name, { settings, arrays: Object.fromEntries(await Promise.all(moved)) }, like);
}
