/** The pass that trains low-rank changes of weights in place of the weights. */
import { deriveSeed, type Module, type Parameter } from '@espalier/nn';
import { noGrad, scope, stack, type Tensor } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { maskOf } from '../prune/mask-view.ts';
import { Companions } from '../recipe/companions.ts';
import { integerOption, numberOption, oneOf, optionsOf } from '../recipe/options.ts';
import type { AppliedPass, Pass, PassContext, PassPlan, StepConfig } from '../recipe/pass.ts';
import { trainedFor } from '../recipe/training.ts';
import { selectParameters, type NamedParameter, type ParameterFilter } from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import { LowRankView, lowRankViewName } from './low-rank-view.ts';

/** Options of `lowRank`. */
export interface LowRankOptions extends ParameterFilter {
  /** The rank of the changes, at most that of the matrix. Default: 8. */
  readonly rank?: number;
  /** Changes are multiplied by this over the rank, so that one learning rate does for all ranks. Default: twice the rank. */
  readonly alpha?: number;
  /** What is trained beside the changes: nothing, or what has less than two axes, such as biases and scales of norms. Default: nothing. */
  readonly others?: 'none' | 'vectors';
}

const place = 'low-rank';

/**
 * Has the training of its stage change weights by products of two matrices of a low rank, one pair for each, while the weights
 * themselves stay: gradients and moments of an optimizer are kept for those alone, and examples that are few do not pull the
 * weights far away. Weights that are not trainable are changed, too, unless they are excluded. The changes are added at the end. Masks stay, and what is on grids is trained under them, if this
 * pass comes before those in its stage.
 * Source: E. J. Hu et al., "LoRA: low-rank adaptation of large language models", ICLR 2022.
 * @throws {RecipeError} for options that cannot be.
 *
 * @example
 * together(lowRank({ rank: 16 }), distill({ train: { epochs: 2 } }))
 */
export function lowRank(options: LowRankOptions = {}): Pass {
  optionsOf(place, options, ['rank', 'alpha', 'others', 'include', 'exclude']);
  const { rank = 8, alpha = 2 * rank, others = 'none', ...chosenBy } = options;
  integerOption(place, 'rank', rank, 1);
  numberOption(place, 'alpha', alpha, { above: 0, below: Infinity });
  oneOf(place, 'others', others, ['none', 'vectors']);
  const config: StepConfig = { type: place, ...(options as object) };

  async function plan(model: Module, { seed }: PassContext): Promise<PassPlan> {
    const chosen = selectParameters(place, model, chosenBy);
    for (const each of chosen) await checkWeight(each);
    const summary = `train changes of rank ${rank} of ${chosen.length} weights`;
    return {
      summary,
      apply: async () => {
        const changes = new Changes(chosen, { rank, alpha, seed });
        const thaw = freeze(model, others);
        return {
          model,
          training: {
            companions: new Map([[place, changes.companions]]),
            // By now all passes of the stage have looked at the weights.
            prepare: async (_, train) => {
              changes.show();
              return train;
            },
          },
          finalize: async (training) => {
            thaw();
            const details = await changes.settle();
            return { config, summary: `${summary}${trainedFor(training)}`, details };
          },
        } satisfies AppliedPass;
      },
    };
  }

  return { config, needs: 'training', effects: ['weights'], plan };
}

/** @throws {RecipeError} for what is no matrix, and for weights that cannot be worked on. */
async function checkWeight(each: NamedParameter): Promise<void> {
  const { name, parameter } = each;
  if (parameter.shape.length < 2)
    throw new RecipeError(place, `${name} has the shape [${parameter.shape.join(', ')}] and no rank; exclude it`);
  await readWeights(place, each);
}

/** Has nothing of a model be trained but what has less than two axes, if that; gives what undoes it. */
function freeze(model: Module, others: 'none' | 'vectors'): () => void {
  const frozen = [...model.namedParameters().values()].filter(
    ({ trainable, shape }) => trainable && !(others === 'vectors' && shape.length < 2),
  );
  for (const parameter of frozen) parameter.trainable = false;
  return () => {
    for (const parameter of frozen) parameter.trainable = true;
  };
}

/** The changes of some weights. */
class Changes {
  readonly companions: Companions;
  readonly #views: readonly (readonly [name: string, parameter: Parameter, view: LowRankView, rank: number])[];

  constructor(
    chosen: readonly NamedParameter[],
    { rank, alpha, seed }: { readonly rank: number; readonly alpha: number; readonly seed: number },
  ) {
    this.#views = chosen.map(({ name, parameter }) => {
      const [rows = 1] = parameter.shape;
      const own = Math.max(1, Math.min(rank, rows, parameter.size / rows));
      return [name, parameter, new LowRankView(parameter.tensor, own, alpha / rank, deriveSeed(seed, name)), own];
    });
    this.companions = new Companions(
      this.#views.flatMap(([name, , { up, down }]) => [
        [`${name} up`, up],
        [`${name} down`, down],
      ]),
    );
  }

  /** Has the changes be seen, ahead of masks and grids. */
  show(): void {
    for (const [, { views }, view] of this.#views) views.unshift(view);
  }

  /** Adds the changes to the weights, and says how large they are beside them. */
  async settle(): Promise<Readonly<Record<string, { readonly rank: number; readonly relativeChange: number }>>> {
    const found: Record<string, { rank: number; relativeChange: number }> = {};
    for (const [name, parameter, view, rank] of this.#views) {
      const sizes = noGrad(() =>
        scope(() => {
          const { tensor } = parameter;
          const added = kept(parameter, view.change(tensor));
          const squares = [added, kept(parameter, tensor)].map((each) => each.square().sum());
          const both = stack(squares).sqrt().realizeSync();
          parameter.removeViews(lowRankViewName);
          tensor.assign(tensor.add(added));
          tensor.realizeSync();
          return both;
        }),
      );
      const [change = 0, whole = 0] = await sizes.data();
      sizes.dispose();
      found[name] = { rank, relativeChange: whole === 0 ? 0 : change / whole };
      for (const { tensor } of [view.up, view.down]) tensor.dispose();
    }
    return found;
  }
}

/** What a mask shows of a tensor like its weight. */
const kept = (parameter: Parameter, tensor: Tensor): Tensor => maskOf(parameter)?.apply(tensor) ?? tensor;
