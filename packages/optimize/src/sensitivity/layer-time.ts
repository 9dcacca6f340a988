/** How long the module of one weight takes. */
import { callContext, type CallSite, type Dataset, type Module } from '@espalier/nn';
import { noGrad, type Tensor } from '@espalier/tensor';
import { measureLatency, type LatencyOptions } from '../cost/latency.ts';
import { materializeModel } from '../views/copy.ts';

/** The name of the module that holds a parameter. */
export function moduleOf(model: Module, parameterName: string): string | undefined {
  const parameter = model.namedParameters().get(parameterName);
  for (const [name, module] of model.namedModules())
    if ([...module.namedParameters({ own: true }).values()].some((own) => own.identity === parameter?.identity))
      return name;
  return undefined;
}

/**
 * The median time of the module that holds a weight, in milliseconds, as it is when the model's file is loaded, on what one
 * example brings to it the first time; undefined where no call of it is seen.
 */
export async function measureLayer(
  model: Module,
  parameterName: string,
  data: Dataset,
  options: LatencyOptions,
): Promise<number | undefined> {
  const loaded = (await materializeModel(model)).eval();
  const module = loaded.namedModules().get(moduleOf(loaded, parameterName) ?? '?');
  if (!module) return undefined;
  const { x, y } = await data.batch([0]);
  let met: Tensor | undefined;
  const input = (value: Tensor, { module: at }: CallSite): void => {
    if (at === module) met ??= value.detach().realizeSync();
  };
  const output = noGrad(() => loaded.call(x, callContext({ taps: [{ at: (_, at) => at === module, input }] })));
  await output.data();
  const latency = met && (await measureLatency(module, met, options));
  for (const tensor of [x, y, output, met]) tensor?.dispose();
  loaded.dispose();
  return latency?.medianMs;
}
