/** A model of hidden states on rows in which several texts lie side by side. */
import {
  below,
  callContext,
  Module,
  registerModule,
  type CallContext,
  type ModuleConfig,
  type ModuleType,
} from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import type { Pooling } from '../../embed/pooling.ts';

const type = 'packed-texts';

/** Nothing is divided by less. */
const least = 1e-12;

/**
 * The vector of its text for each token: i32 [rows, 3, length] of ids, numbers of texts and positions to [rows, length, width]. Texts
 * do not see each other. Vectors are √width long, so that the mean square of what two differ by is 2 (1 - cosine). Submodule: `model`.
 */
export class PackedTexts extends Module {
  readonly type: typeof type = type;
  readonly model: Module;
  readonly kind: Pooling['kind'];

  constructor(model: Module, kind: Pooling['kind']) {
    super();
    this.model = this.addModule('model', model);
    this.kind = kind;
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    const [ids, texts, positions] = [0, 1, 2].map((place) => x.narrow(1, place, 1).squeeze(1)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const isSame = texts.unsqueeze(2).eq(texts.unsqueeze(1));
    const slots = { ...context?.slots, attentionMask: isSame.unsqueeze(1), positions };
    const inner = context ? { ...(below(context, 'model') as CallContext), slots } : callContext({ slots });
    const states = this.model.call(ids, inner).cast('f32');
    const isTaken = this.kind === 'mean' ? isSame : isSame.logicalAnd(positions.eq(0).unsqueeze(1));
    const shares = isTaken.cast('f32');
    const vectors = shares.div(shares.sum(-1, { keepDims: true })).matmul(states);
    const width = states.shape.at(-1) as number;
    return vectors.mul(Math.sqrt(width)).div(vectors.square().sum(-1, { keepDims: true }).sqrt().maximum(least));
  }

  config(): ModuleConfig {
    return { type: this.type, kind: this.kind, model: this.model.config() };
  }
}

const packedTextsType: ModuleType = {
  type,
  build: ({ model, kind }, _context, __, child) => new PackedTexts(child(model, 'model'), kind as Pooling['kind']),
};

/** Makes it known to `build`, by which models are copied. */
export function registerPackedTexts(): void {
  registerModule(packedTextsType);
}
