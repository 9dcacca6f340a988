/** Training steps of small transformers, as benchmarks of planning and of memory take them. */
import { build, buildOptimizer, crossEntropy, type ModuleConfig } from '@espalier/nn';
import { checkpoint, gradients, noGrad, zeros, type Tensor } from '@espalier/tensor';

/** The design of GPT-2 in other sizes. Source: A. Radford et al., "Language models are unsupervised multitask learners", 2019. */
export interface GptSizes {
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  readonly vocabulary: number;
  /** Tokens of a sequence. */
  readonly length: number;
  readonly batch: number;
  /** Whether tokens are told by the vectors that they are embedded as. Default: false, by a layer of its own. */
  readonly tied?: boolean;
}

/** Those whose planning is timed: it does not depend on how large matrices are. */
export const planningSizes: Omit<GptSizes, 'depth'> = { width: 64, heads: 4, vocabulary: 256, length: 64, batch: 4 };

/** A step that is not compiled, and what it is called with. */
export interface GptStep {
  readonly step: (tokens: Tensor, next: Tensor) => Tensor;
  readonly inputs: readonly [Tensor, Tensor];
  /** How many numbers are trained. */
  readonly parameters: number;
  readonly dispose: () => void;
}

const around = (width: number, layers: readonly ModuleConfig[]): ModuleConfig => ({
  type: 'residual',
  body: { type: 'sequential', layers: [{ type: 'layer-norm', shape: width }, ...layers] },
});

/** A step of AdamW; with `checkpointed`, each layer is computed again for its gradient. */
export function gptStep(sizes: GptSizes, checkpointed = false): GptStep {
  const { depth, width, heads, vocabulary, length, batch, tied = false } = sizes;
  const part = (layers: readonly ModuleConfig[]): ModuleConfig => ({ type: 'sequential', layers });
  const modelOf = (config: ModuleConfig): ReturnType<typeof build> => build(config, { seed: 1 });
  const embedding = modelOf(
    part([
      { type: 'embedding', count: vocabulary, size: width, init: { type: 'normal', mean: 0, std: 0.02 } },
      { type: 'position-embedding', count: length, size: width },
    ]),
  );
  const layers = Array.from({ length: depth }, () =>
    modelOf(
      part([
        around(width, [{ type: 'self-attention', width, heads, causal: true }]),
        around(width, [
          { type: 'linear', in: width, out: 4 * width },
          { type: 'gelu' },
          { type: 'linear', in: 4 * width, out: width },
        ]),
      ]),
    ),
  );
  const head = modelOf(
    part([{ type: 'layer-norm', shape: width }, ...(tied ? [] : [{ type: 'linear', in: width, out: vocabulary }])]),
  );
  const models = [embedding, ...layers, head];
  const parameters = new Map(
    models.flatMap((model, at) =>
      [...model.namedParameters()].map(([name, parameter]) => [`${at}.${name}`, parameter] as const),
    ),
  );
  const trained = [...parameters.values()].map(({ tensor }) => tensor);
  const optimizer = buildOptimizer({ type: 'adamw', lr: 1e-3 }).attach(parameters);
  const [vectors] = trained;
  const empty = (): Tensor => zeros([batch, length], { dtype: 'i32' }).realizeSync();
  const inputs = [empty(), empty()] as const;
  return {
    step: (tokens, next) => {
      const calls = layers.map((layer) => (x: Tensor) => layer.call(x));
      const hidden = calls.reduce((x, call) => (checkpointed ? checkpoint(call) : call)(x), embedding.call(tokens));
      const told = head.call(hidden).reshape(-1, tied ? width : vocabulary);
      const logits = tied && vectors ? told.matmul(vectors.t()) : told;
      const loss = crossEntropy(logits, next.reshape(-1));
      noGrad(() => optimizer.step(gradients(loss, trained)));
      return loss;
    },
    inputs,
    parameters: trained.reduce((sum, { size }) => sum + size, 0),
    dispose: () => {
      optimizer.detach();
      for (const model of models) model.dispose();
      for (const tensor of inputs) tensor.dispose();
    },
  };
}
