/** Whether a model computes what it did, after a change that is to leave its outputs as they are. */
import type { Module } from '@espalier/nn';
import { dtypes, noGrad, type Tensor } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { OptimizationData } from '../recipe/data.ts';

/** Examples that are compared. */
const compared = 4;

/** What outputs may differ by, as a share of the largest: a wrong change is far beyond what rounding does. */
const slack = { wide: 1e-2, narrow: 0.2 } as const;

/**
 * Makes the change, and compares outputs of a few examples in evaluation, where there is training data.
 * @throws {RecipeError} for outputs that are not what they were.
 */
export async function outputsKept(
  place: string,
  model: Module,
  data: OptimizationData | undefined,
  change: () => Promise<Module>,
): Promise<Module> {
  const { train } = data ?? {};
  if (!train || train.size === 0) return change();
  const indices = Array.from({ length: Math.min(compared, train.size) }, (_, index) => index);
  const { x, y } = await train.batch(indices);
  y.dispose();
  const before = await outputsOf(model, x);
  const changed = await change();
  const after = await outputsOf(changed, x);
  x.dispose();
  const size = before.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = before.values.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - (after.values[at] ?? NaN))),
    0,
  );
  // Of what is no number nothing is known.
  if (!Number.isFinite(size) || apart <= size * before.slack) return changed;
  throw new RecipeError(
    place,
    `changes what the model computes, by ${(apart / size).toPrecision(2)} of its largest output: something else reads what is between the layers of a sequence; name those layers in exclude`,
  );
}

async function outputsOf(model: Module, x: Tensor): Promise<{ readonly values: Float64Array; readonly slack: number }> {
  const device = model.parameters()[0]?.device ?? x.device;
  const input = await x.to(device);
  const output = noGrad(() => model.eval().call(input));
  const { bytes } = dtypes[output.dtype];
  const values = Float64Array.from((await output.cast('f32').data()) as Float32Array);
  output.dispose();
  return { values, slack: bytes < 4 ? slack.narrow : slack.wide };
}
