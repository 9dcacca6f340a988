/** What weights are multiplied with goes through, in files. */
import { FormatError, placeTensor, rawTensor, type Json, type Parameter, type RawTensor } from '@espalier/nn';
import { cpu } from '@espalier/tensor';
import { brief, quote } from '../quote.ts';
import { loadInput, saveInput } from '../views/input-type.ts';

/**
 * What a file says about the views of what a weight is multiplied with, in their order: the array `name` of the view in place
 * `i` stands under `parameter_input<i>_name`.
 */
export interface InputDescription {
  /** Absent where there are none. */
  readonly inputs?: readonly {
    /** The name of its kind. */
    readonly view: string;
    readonly settings: Json;
    readonly arrays: readonly string[];
  }[];
}

const endingOf = (place: number, array: string): string => `_input${place}_${array}`;

/** The views as a file holds them; the arrays by the ending that is added to the parameter's name. */
export async function packInputs(
  name: string,
  { inputs }: Parameter,
): Promise<{ readonly description: InputDescription; readonly arrays: ReadonlyMap<string, RawTensor> }> {
  const arrays = new Map<string, RawTensor>();
  const described: NonNullable<InputDescription['inputs']>[number][] = [];
  for (const [place, view] of inputs.entries()) {
    const saved = saveInput(name, view);
    described.push({ view: view.name, settings: saved.settings, arrays: Object.keys(saved.arrays) });
    for (const [array, tensor] of Object.entries(saved.arrays))
      arrays.set(endingOf(place, array), await rawTensor(tensor));
  }
  return { description: described.length === 0 ? {} : { inputs: described }, arrays };
}

/** The endings of the arrays of all views. */
export function inputEndings({ inputs = [] }: InputDescription): string[] {
  return inputs.flatMap(({ arrays }, place) => arrays.map((array) => endingOf(place, array)));
}

/**
 * Gives a parameter the views that a file holds.
 * @throws {FormatError} naming it, for a view that is not known, for an array that is missing, and for what the view
 * makes nothing of.
 */
export function restoreInputs(
  name: string,
  parameter: Parameter,
  { inputs = [] }: InputDescription,
  given: ReadonlyMap<string, RawTensor>,
): void {
  const made = inputs.map(({ view, settings, arrays }, place) => {
    const tensors = arrays.map((array) => {
      const raw = given.get(endingOf(place, array));
      if (!raw) throw new FormatError(`${name}${endingOf(place, array)}`, 0, 'the array is missing');
      // In the memory of this process, whose views put them where they are needed.
      return [array, placeTensor(raw, cpu())] as const;
    });
    return loadInput(name, view, { settings, arrays: Object.fromEntries(tensors) }, parameter.device);
  });
  parameter.inputs.push(...made);
}

/**
 * The part of a description read from JSON.
 * @throws {FormatError} naming `source` and the parameter.
 */
export function parseInputs(source: string, name: string, value: unknown): InputDescription {
  const { inputs } = Object(value) as { readonly inputs?: unknown };
  if (inputs === undefined) return {};
  const isTexts = (each: unknown): boolean => Array.isArray(each) && each.every((text) => typeof text === 'string');
  const valid =
    Array.isArray(inputs) &&
    inputs.every((each: unknown) => {
      const { view, arrays } = Object(each) as Readonly<Record<string, unknown>>;
      return typeof view === 'string' && isTexts(arrays);
    });
  if (!valid)
    throw new FormatError(
      source,
      0,
      `the inputs of ${brief(name)} are ${quote(inputs)}; they must be a list of { view, settings, arrays }`,
    );
  return { inputs: inputs as NonNullable<InputDescription['inputs']> };
}
