/** A model that tells the next token: ids in, logits out. */
import { below, Module, type CallContext, type ModuleConfig, type ModuleType } from '@espalier/nn';
import { arange, DTypeError, isFloat, ShapeError, type Tensor } from '@espalier/tensor';
import { checkOptional } from '@espalier/tensor/arguments';
import { onlyParts } from '../options.ts';
import { aLogitsOf } from './slots.ts';

const type = 'causal-language-model';

/** What a model that tells the next token is made of. */
export interface CausalLanguageModelParts {
  /** Ids [..., length] to [..., length, width]. */
  readonly embedding: Module;
  /** What says where each stands, where that is not the matter of the layers. */
  readonly positions?: Module | undefined;
  /** [..., length, width] to the same. */
  readonly layers: Module;
  readonly norm: Module;
  /** [..., length, width] to [..., length, vocabulary]. */
  readonly head: Module;
}

const partNames = ['embedding', 'positions', 'layers', 'norm', 'head'] as const;

/**
 * head(norm(layers(positions(embedding(ids))))): i32 ids [..., length] to logits [..., length, vocabulary]. The slot `logitsOf`
 * says of which positions; of all others the head computes nothing. Submodules: `embedding`, `positions` where there are such,
 * `layers`, `norm`, `head`.
 */
export class CausalLanguageModel extends Module {
  readonly type: typeof type = type;
  readonly embedding: Module;
  readonly positions: Module | undefined;
  readonly layers: Module;
  readonly norm: Module;
  readonly head: Module;

  constructor({ embedding, positions, layers, norm, head }: CausalLanguageModelParts) {
    super();
    this.embedding = this.addModule('embedding', embedding);
    this.positions = positions && this.addModule('positions', positions);
    this.layers = this.addModule('layers', layers);
    this.norm = this.addModule('norm', norm);
    this.head = this.addModule('head', head);
  }

  /**
   * What the head makes logits of: [..., length, width], of the positions that the slot `logitsOf` says. Who does not want the
   * logits of all positions in memory at once gives the head a part after the other.
   * @throws {DTypeError} for ids that are no integers.
   * @throws {ShapeError} for a scalar.
   */
  hidden(ids: Tensor, context?: CallContext): Tensor {
    if (isFloat(ids.dtype))
      throw new DTypeError(this.type, `takes integers [..., length], not ${ids.dtype} [${ids.shape.join(', ')}]`);
    if (ids.rank < 1) throw new ShapeError(this.type, 'takes integers [..., length], not a scalar');
    const of = checkOptional(this.type, 'the slot logitsOf', context?.slots.logitsOf, aLogitsOf);
    const embedded = this.embedding.call(ids, below(context, 'embedding'));
    const placed = this.positions ? this.positions.call(embedded, below(context, 'positions')) : embedded;
    const seen = this.layers.call(placed, below(context, 'layers'));
    return this.norm.call(of === 'last' ? lastOf(seen) : seen, below(context, 'norm'));
  }

  forward(ids: Tensor, context?: CallContext): Tensor {
    return this.head.call(this.hidden(ids, context), below(context, 'head'));
  }

  config(): ModuleConfig {
    const parts = partNames.flatMap((name) => (this[name] ? [[name, this[name].config()] as const] : []));
    return { type: this.type, ...Object.fromEntries(parts) };
  }
}

/** The last position of a sequence: [..., length, width] to [..., 1, width]. */
function lastOf(x: Tensor): Tensor {
  const length = x.lengthAlong(-2);
  const size = x.shape.at(-2) as number;
  if (!length) return x.narrow(-2, size - 1, 1);
  return x.take(arange(0, 1, 1, { dtype: 'i32', device: x.device }).add(length).sub(1), -2);
}

/** A model that tells the next token, in JSON: `{ type, embedding, positions?, layers, norm, head }`. */
export const causalLanguageModelType: ModuleType = {
  type,
  build: (config, _context, where, child) => {
    const parts = onlyParts(config, where, partNames);
    // In the order in which they are described again.
    const embedding = child(parts['embedding'], 'embedding');
    const positions = parts['positions'] === undefined ? undefined : child(parts['positions'], 'positions');
    const layers = child(parts['layers'], 'layers');
    const norm = child(parts['norm'], 'norm');
    return new CausalLanguageModel({ embedding, positions, layers, norm, head: child(parts['head'], 'head') });
  },
};
