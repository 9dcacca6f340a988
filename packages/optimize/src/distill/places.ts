/** What modules at certain places of a model give, as a call of the model goes by. */
import { callContext, type Module, type Tap } from '@espalier/nn';
import { dryRun, type DType, type Shape, type Tensor, type TensorType } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';

/** The name of a model itself, whose output is what it says. */
export const outputPlace = '';

/** What places gave, by name. */
export type Answers = ReadonlyMap<string, Tensor>;

/** Watches places, in steps that are recorded too: what was seen is taken where the recording goes on. */
export class Places {
  readonly taps: readonly Tap[];
  #seen: Map<string, Tensor> | undefined;

  /** @throws {RecipeError} at a call that comes to a place twice: neither of what it gives is what is meant. */
  constructor(place: string, names: ReadonlySet<string>) {
    const begin: Tap = { at: (name) => name === outputPlace, input: () => void (this.#seen = new Map()) };
    const watch: Tap = {
      at: (name) => names.has(name),
      output: (y, { name }) => {
        if (this.#seen?.has(name))
          throw new RecipeError(place, `${quote(name)} is called twice by one example; match the modules that call it`);
        this.#seen?.set(name, y);
      },
    };
    this.taps = [begin, watch];
  }

  /** What the last call gave, once; undefined where there was none since. */
  take(): Answers | undefined {
    const seen = this.#seen;
    this.#seen = undefined;
    return seen;
  }
}

/** The type of what a place gives, for a batch of two. */
export type PlaceTypes = ReadonlyMap<string, { readonly shape: Shape; readonly dtype: DType }>;

/**
 * What places give for a batch of two examples; nothing is computed.
 * @throws {RecipeError} for a place that no example comes to.
 */
export function typesOf(
  place: string,
  who: string,
  model: Module,
  names: ReadonlySet<string>,
  x: TensorType,
): PlaceTypes {
  const found = new Map<string, { shape: Shape; dtype: DType }>();
  const met = new Set<string>();
  const places = new Places(place, names);
  const meet: Tap = { at: '*', output: (_, { name }) => void met.add(name) };
  dryRun([{ ...x, shape: [2, ...x.shape.slice(1)] }], (input) => {
    model.call(input, callContext({ taps: [...places.taps, meet] }));
    for (const [name, { shape, dtype }] of places.take() ?? []) found.set(name, { shape, dtype });
  });
  const missing = [...names].find((name) => !found.has(name));
  if (missing === undefined) return found;
  const others = [...met].filter((name) => name !== outputPlace);
  throw new RecipeError(
    place,
    `no example comes to ${quote(missing)} of the ${who}; there are the ${who} itself ('')${others.length > 0 ? `, ${others.slice(0, 20).join(', ')}` : ''}${others.length > 20 ? ', …' : ''}`,
  );
}
