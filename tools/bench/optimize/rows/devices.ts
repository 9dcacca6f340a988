/** What models compute on the processor and on WebGPU, in every form that their weights may have. */
import type { Json } from '@espalier/nn';
import { configure, device, type Device } from '@espalier/tensor';
import { agreement, layouts, type Agreement } from '../../../../packages/optimize/test/helpers/layouts.ts';
import type { Bench } from '../bench.ts';
import { atLeast, type Outcome, type Row } from '../row.ts';
import { brown } from '../subjects/brown.ts';
import { lenet5 } from '../subjects/mnist.ts';
import { trained, type Subject } from '../subjects/subject.ts';

/** Images, and sequences, that are computed on. */
const compared: readonly (readonly [Subject, number])[] = [
  [lenet5, 64],
  [brown, 2],
];

/** How far a subject's layouts agree; each is kept as it is found. */
async function cosines(
  bench: Bench,
  subject: Subject,
  count: number,
  there: Device,
): Promise<Record<string, Agreement>> {
  const [seed = 1] = bench.seeds;
  const model = await trained(subject, seed, bench);
  const { train, test } = await subject.data();
  const { x } = await test.batch(Array.from({ length: count }, (_, index) => index));
  const found: Record<string, Agreement> = {};
  for (const [name, layout] of Object.entries(layouts))
    found[name] = await bench.kept(`${subject.name}/agreement-${name}-${seed}`, async () => ({
      ...(await agreement(await layout(model, train), x, there)),
    }));
  return found;
}

/** The rows of devices. */
export const deviceRows: readonly Row[] = [
  {
    name: 'every-layout/cpu-against-webgpu',
    target: 'smallest cosine of the logits of an example, of LeNet-5 and the language model in every layout >= 0.9999',
    measure: async (bench): Promise<Outcome> => {
      // What has no kernel on a device computes by its meaning, which is no news here.
      configure({ warn: () => undefined });
      const gpu = await device('webgpu').catch(({ message }: Error) => message);
      if (typeof gpu === 'string') return { value: 0, holds: false, details: { problem: gpu } };
      const details: Record<string, Json> = { device: gpu.description };
      let least = Infinity;
      for (const [subject, count] of compared) {
        const found = await cosines(bench, subject, count, gpu);
        details[subject.name] = found as unknown as Json;
        least = Math.min(least, ...Object.values(found).map(({ example }) => example));
      }
      gpu.dispose();
      return atLeast(0.9999, least, details);
    },
  },
];
