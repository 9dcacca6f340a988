/** A copy of a model whose layers do what the norms behind them did. */
import type { BatchNorm, Module, ModuleConfig, Parameter } from '@espalier/nn';
import { fromTyped, type Tensor } from '@espalier/tensor';
import { nothing, rewriteModel } from '../structured/rewrite-model.ts';
import type { FoldedPair } from './pairs.ts';

/** @throws {RecipeError} where the description of what holds a layer does not show it. */
export async function foldNorms(place: string, model: Module, pairs: readonly FoldedPair[]): Promise<Module> {
  const changes = new Map<Module, (config: ModuleConfig) => ModuleConfig>();
  for (const { layer, norm } of pairs) {
    changes.set(layer, (config) => ({ ...config, bias: true }));
    changes.set(norm, () => nothing);
  }
  const folded = await rewriteModel(place, model, changes);
  const parameters = folded.namedParameters();
  for (const { name, layer, norm } of pairs) {
    const { scale, shift } = await affineOf(norm);
    const perOutput = layer.weight.size / scale.length;
    const weight = await numbers(layer.weight.tensor);
    const before = layer.bias ? await numbers(layer.bias.tensor) : new Float64Array(scale.length);
    const at = (own: string): Parameter => parameters.get(`${name}.${own}`) as Parameter;
    assign(
      at('weight'),
      weight.map((value, index) => value * (scale[Math.floor(index / perOutput)] as number)),
    );
    assign(
      at('bias'),
      before.map((value, out) => value * (scale[out] as number) + (shift[out] as number)),
    );
    // What it makes up for is trained, if nothing but the layer's weight was.
    const offsets = [layer.bias, norm.bias].filter((each) => each !== undefined);
    at('bias').trainable = (offsets.length > 0 ? offsets : [layer.weight]).some(({ trainable }) => trainable);
  }
  return folded;
}

/** What a norm does in evaluation: x · scale + shift of each channel. */
async function affineOf({ weight, bias, runningMean, runningVariance, options }: BatchNorm): Promise<{
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}> {
  const [mean, variance] = [await numbers(runningMean), await numbers(runningVariance)];
  const gain = weight && (await numbers(weight.tensor));
  const offset = bias && (await numbers(bias.tensor));
  const scale = variance.map((value, channel) => (gain?.[channel] ?? 1) / Math.sqrt(value + options.epsilon));
  const shift = mean.map((value, channel) => (offset?.[channel] ?? 0) - value * (scale[channel] as number));
  return { scale, shift };
}

async function numbers(tensor: Tensor): Promise<Float64Array> {
  return Float64Array.from((await tensor.data()) as Float32Array);
}

function assign({ tensor }: Parameter, values: Float64Array): void {
  const { shape, device, dtype } = tensor;
  tensor.assign(
    fromTyped(dtype === 'f64' ? values : Float32Array.from(values), shape, { device })
      .cast(dtype)
      .realizeSync(),
  );
}
