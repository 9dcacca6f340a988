/** Kinds of views of what weights are multiplied with, by name, so that files can hold them. */
import { FormatError, type InputView } from '@espalier/nn';
import { ArgumentError, fromTyped, type Device } from '@espalier/tensor';
import {
  DynamicRounding,
  isRoundedInput,
  roundedInputName,
  StaticRounding,
} from '../quantize/activations/rounded-input.ts';
import { quote } from '../quote.ts';
import { ScaledInput, scaledInputName } from '../scaling/scaled-input.ts';
import type { SavedView } from './view-type.ts';

interface InputType {
  readonly is: (view: InputView) => boolean;
  readonly save: (view: never) => SavedView;
  /** @throws {ArgumentError} for what fits none. */
  readonly load: (saved: Required<SavedView>, device: Device) => InputView;
}

const types: Readonly<Record<string, InputType>> = {
  [scaledInputName]: {
    is: (view) => view instanceof ScaledInput,
    save: (view: ScaledInput) => ({ arrays: { factors: fromTyped(view.factors, [view.factors.length]) } }),
    load: ({ arrays: { factors } }, device) => {
      const values = factors?.dtype === 'f32' && factors.rank === 1 ? (factors.dataSync() as Float32Array) : undefined;
      if (!values?.every((value) => value > 0 && value < Infinity))
        throw new ArgumentError(scaledInputName, 'its factors must be positive numbers, f32 [channels]');
      return new ScaledInput(Float32Array.from(values), device);
    },
  },
  [roundedInputName]: {
    is: isRoundedInput,
    save: (view: DynamicRounding | StaticRounding) => ({
      settings: view instanceof StaticRounding ? { scale: view.scale, zero: view.zero } : 'dynamic',
    }),
    load: ({ settings }) => {
      if (settings === 'dynamic') return new DynamicRounding();
      const { scale, zero } = Object(settings) as Readonly<Record<string, unknown>>;
      const isScale = typeof scale === 'number' && scale > 0 && Math.fround(scale) === scale;
      if (!isScale || !Number.isInteger(zero) || (zero as number) < -128 || (zero as number) > 127)
        throw new ArgumentError(
          roundedInputName,
          `its settings are ${quote(settings)}; they must be 'dynamic', or a positive scale and a zero point from -128 to 127`,
        );
      return new StaticRounding({ scale, zero: zero as number });
    },
  },
};

const typeOf = (name: string): InputType | undefined => (Object.hasOwn(types, name) ? types[name] : undefined);

/**
 * What a view is made of.
 * @throws {ArgumentError} naming the parameter, for a view of another making.
 */
export function saveInput(parameter: string, view: InputView): Required<SavedView> {
  const type = typeOf(view.name);
  if (!type?.is(view))
    throw new ArgumentError(
      'packWeights',
      `${parameter} is multiplied with what goes through the view '${view.name}', which no file can hold; take it away before (inputs)`,
    );
  const { settings = null, arrays = {} } = type.save(view as never);
  return { settings, arrays };
}

/**
 * A view of what was saved.
 * @throws {FormatError} naming the parameter, for a kind that is not known and for what fits none.
 */
export function loadInput(parameter: string, name: string, saved: Required<SavedView>, device: Device): InputView {
  const type = typeOf(name);
  if (!type)
    throw new FormatError(
      parameter,
      0,
      `the view ${quote(name)} of its inputs is not known; there are ${Object.keys(types).join(', ')}`,
    );
  try {
    return type.load(saved, device);
  } catch (error) {
    throw new FormatError(
      parameter,
      0,
      `the view ${quote(name)} of its inputs cannot be made: ${(error as Error).message}`,
    );
  }
}
