/** How steep the loss is along each unit of a model's widths. */
import { batches, type Dataset, type LossFunction, type Module } from '@espalier/nn';
import { gradients, scope } from '@espalier/tensor';
import { spreadExamples } from '../calibration/examples.ts';
import { matrices, parametersOf, sumsByUnit, type UnitSlopes } from './unit-scores.ts';
import type { Width } from './widths.ts';

/** Examples of which one gradient is taken. */
const batchSize = 16;

/** The mean of (Σ w · g)² over batches of some examples, spread evenly over the data, for each unit in each tensor that it is in. */
export async function slopesOf(
  model: Module,
  widths: readonly Width[],
  data: Dataset,
  loss: LossFunction,
  examples: number,
): Promise<UnitSlopes> {
  model.eval();
  const found = new Map<string, Map<string, Float64Array>>();
  const wanted = widths.flatMap((width) =>
    matrices(parametersOf(width, model)).map((member) => ({ width, member, parameter: member.named.parameter })),
  );
  const parameters = [...new Set(wanted.map(({ parameter }) => parameter))];
  const rows = spreadExamples(data.size, examples);
  const parts = [...batches(rows, batchSize)];
  for (const part of parts) {
    const { x, y } = await data.batch(part);
    const slopes = scope(() =>
      gradients(
        loss(model.call(x), y, { x }),
        parameters.map(({ tensor }) => tensor),
      ).map((gradient, index) => gradient.mul(parameters[index]?.tensor.detach() ?? 0)),
    );
    const values = await Promise.all(slopes.map((each) => each.data()));
    for (const { width, member, parameter } of wanted) {
      const own = values[parameters.indexOf(parameter)] as Float32Array;
      const sums = sumsByUnit(member, parameter, width.size, (index) => own[index] as number);
      const byMember = found.get(width.name) ?? new Map<string, Float64Array>();
      found.set(width.name, byMember);
      const key = `${member.name}[${member.axis}]`;
      const means = byMember.get(key) ?? new Float64Array(width.size);
      byMember.set(
        key,
        means.map((mean, unit) => mean + (sums[unit] as number) ** 2 / parts.length),
      );
    }
    for (const tensor of [x, y, ...slopes]) tensor.dispose();
  }
  return found;
}
