/** Weights under views that are not folded into a layout, in files: the raw tensor, and what each view is made of. */
import { FormatError, placeTensor, rawTensor, type Json, type Parameter, type RawTensor } from '@espalier/nn';
import { brief, quote } from '../quote.ts';
import { loadView, saveView } from '../views/view-type.ts';

/**
 * What a file says about a weight under registered views, in their order: the weight stands under its own name, and the array
 * `name` of the view in place `i` under `parameter_view<i>_name`.
 */
export interface ViewedDescription {
  readonly views: readonly {
    /** The name of its kind. */
    readonly view: string;
    readonly settings: Json;
    readonly arrays: readonly string[];
  }[];
}

const endingOf = (place: number, array: string): string => `_view${place}_${array}`;

/** A weight as a file holds it; the arrays by the ending that is added to the parameter's name. */
export async function packViewed(
  parameter: Parameter,
): Promise<ViewedDescription & { arrays: Map<string, RawTensor> }> {
  const arrays = new Map([['', await rawTensor(parameter.tensor)]]);
  const views: ViewedDescription['views'][number][] = [];
  for (const [place, view] of parameter.views.entries()) {
    const saved = await saveView(view);
    views.push({ view: view.name, settings: saved.settings, arrays: Object.keys(saved.arrays) });
    for (const [array, tensor] of Object.entries(saved.arrays))
      arrays.set(endingOf(place, array), await rawTensor(tensor));
  }
  return { views, arrays };
}

/** The endings of the arrays of all views. */
export function viewEndings({ views }: ViewedDescription): string[] {
  return views.flatMap(({ arrays }, place) => arrays.map((array) => endingOf(place, array)));
}

/**
 * Gives a parameter, which has its raw values, the views that a file holds.
 * @throws {FormatError} naming it, for a view that is not known, for an array that is missing, and for what the view
 * makes nothing of.
 */
export function restoreViews(
  name: string,
  parameter: Parameter,
  { views }: ViewedDescription,
  given: ReadonlyMap<string, RawTensor>,
): void {
  const { tensor } = parameter;
  const made = views.map(({ view, settings, arrays }, place) => {
    const tensors = arrays.map((array) => {
      const raw = given.get(endingOf(place, array));
      if (!raw) throw new FormatError(`${name}${endingOf(place, array)}`, 0, 'the array is missing');
      return [array, placeTensor(raw, tensor.device)] as const;
    });
    return loadView(name, view, { settings, arrays: Object.fromEntries(tensors) }, tensor);
  });
  parameter.views.push(...made);
}

/**
 * A description read from JSON, if it is one of views.
 * @throws {FormatError} naming `source` and the parameter.
 */
export function parseViewed(source: string, name: string, { views }: { readonly views?: unknown }): ViewedDescription {
  const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'string');
  const valid =
    Array.isArray(views) &&
    views.every((each: unknown) => {
      const { view, arrays } = Object(each) as Readonly<Record<string, unknown>>;
      return typeof view === 'string' && isTexts(arrays);
    });
  if (!valid)
    throw new FormatError(
      source,
      0,
      `the views of ${brief(name)} are ${quote(views)}; they must be a list of { view, settings, arrays }`,
    );
  return { views: views as ViewedDescription['views'] };
}
