/** A model that gives each token of a text a vector: ids in, hidden states out. */
import { below, Module, type CallContext, type ModuleConfig, type ModuleType } from '@espalier/nn';
import { DTypeError, isFloat, ShapeError, zerosLike, type Tensor } from '@espalier/tensor';
import { aTensor, checkOptional } from '@espalier/tensor/arguments';
import { onlyParts } from '../options.ts';

const type = 'text-encoder';

declare module '@espalier/nn' {
  interface CallSlots {
    /** Of which kind each token is: integers in the shape of the ids. Default: all of kind 0. */
    readonly tokenTypes?: Tensor;
  }
}

const partNames = ['embedding', 'positions', 'types', 'norm', 'layers'] as const;

/** What a text encoder is made of. */
export type TextEncoderParts = Readonly<Record<(typeof partNames)[number], Module>>;

/**
 * layers(norm(positions(embedding(ids)) + types(kinds))): i32 ids [..., length] to [..., length, width]. The slot `tokenTypes` says
 * of which kind tokens are, `attentionMask` which are none: [..., 1, 1, length], false where rows are filled up. Submodules:
 * `embedding`, `positions`, `types`, `norm`, `layers`.
 */
export class TextEncoder extends Module {
  readonly type: typeof type = type;
  readonly #parts: TextEncoderParts;

  constructor(parts: TextEncoderParts) {
    super();
    for (const name of partNames) this.addModule(name, parts[name]);
    this.#parts = { ...parts };
  }

  forward(ids: Tensor, context?: CallContext): Tensor {
    if (isFloat(ids.dtype))
      throw new DTypeError(this.type, `takes integers [..., length], not ${ids.dtype} [${ids.shape.join(', ')}]`);
    if (ids.rank < 1) throw new ShapeError(this.type, 'takes integers [..., length], not a scalar');
    const kinds = checkOptional(this.type, 'the slot tokenTypes', context?.slots.tokenTypes, aTensor);
    const call = (name: (typeof partNames)[number], x: Tensor): Tensor =>
      this.#parts[name].call(x, below(context, name));
    const placed = call('positions', call('embedding', ids));
    const of = call('types', kinds ?? zerosLike(ids));
    return call('layers', call('norm', placed.add(of)));
  }

  config(): ModuleConfig {
    return { type: this.type, ...Object.fromEntries(partNames.map((name) => [name, this.#parts[name].config()])) };
  }
}

/** A text encoder in JSON: `{ type, embedding, positions, types, norm, layers }`. */
export const textEncoderType: ModuleType = {
  type,
  build: (config, _context, where, child) => {
    const parts = onlyParts(config, where, partNames);
    const built = partNames.map((name) => [name, child(parts[name], name)] as const);
    return new TextEncoder(Object.fromEntries(built) as TextEncoderParts);
  },
};
