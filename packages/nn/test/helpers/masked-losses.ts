import { crossEntropy, klDivergence } from '@espalier/nn';
import { gradients, tensor, type Device, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';

const masked = -Infinity;
const logits = [
  [1, masked, 0.5, -2],
  [masked, 0.25, masked, 3],
];
const softmax = (row: readonly number[]): number[] => {
  const powers = row.map((value) => Math.exp(value));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};

/** What losses make of classes that logits of -∞ rule out, on one device. */
export function maskedLossLaws(name: string, open: () => Device | Promise<Device>): void {
  describe(`classes that logits of -∞ rule out, on ${name}`, () => {
    const withGradient = async (loss: (z: Tensor, device: Device) => Tensor, rows = logits) => {
      const on = await open();
      const z = tensor(rows, { device: on }).requiresGradients();
      const value = loss(z, on);
      const [gradient] = gradients(value, [z], { retainGraph: true });
      return { value: await value.item(), gradient: (await gradient?.array()) as number[][] };
    };
    const known = (values: readonly number[], on: Device): Tensor => tensor([...values], { dtype: 'i32', device: on });
    // Computed, so that only the device knows them.
    const labels = (values: readonly number[], on: Device): Tensor => known(values, on).add(1).sub(1);

    test('cross-entropy is that of the others, and its gradient is softmax - target, 0 where masked', async () => {
      const expected = -(Math.log(softmax(logits[0] ?? [])[2] ?? 0) + Math.log(softmax(logits[1] ?? [])[3] ?? 0)) / 2;
      const hot = [
        [0, 0, 1, 0],
        [0, 0, 0, 1],
      ];
      const slope = logits.map((row, r) => softmax(row).map((p, c) => (p - (hot[r]?.[c] ?? 0)) / 2));
      const hard = await withGradient((z, on) => crossEntropy(z, labels([2, 3], on)));
      const soft = await withGradient((z, on) => crossEntropy(z, tensor(hot, { device: on })));
      for (const { value, gradient } of [hard, soft]) {
        expect(value).toBeCloseTo(expected, 5);
        await expectClose(tensor(gradient), slope, { absolute: 1e-6 });
        expect([gradient[0]?.[1], gradient[1]?.[0], gradient[1]?.[2]].map((each) => (each ?? 1) + 0)).toEqual([
          0, 0, 0,
        ]);
      }
    });

    test('a masked target costs ∞, and the gradient stays finite', async () => {
      const { value, gradient } = await withGradient((z, on) => crossEntropy(z, labels([1, 3], on)));
      expect(value).toBe(Infinity);
      expect(gradient.flat().every(Number.isFinite)).toBe(true);
    });

    test('a label of no class is refused with its row where it is known', async () => {
      const z = tensor(logits, { device: await open() });
      for (const wrong of [-1, 4, -100])
        expect(() => crossEntropy(z, known([3, wrong], z.device))).toThrow(
          `crossEntropy: the label of row 1 is ${wrong}; the logits are of 4 classes, 0 to 3`,
        );
      const ignored = crossEntropy(z, known([2, -100], z.device), { ignoreIndex: -100 });
      expect(await ignored.item()).toBeCloseTo(-Math.log(softmax(logits[0] ?? [])[2] ?? 0), 5);
    });

    test('a label of no class that only the device knows costs NaN, moves nothing, and is left out where it is ignored', async () => {
      for (const wrong of [-1, 4, -100, 2 ** 30]) {
        const loss = await withGradient((z, on) => crossEntropy(z, labels([wrong, 3], on).add(0)));
        expect(loss.value).toBeNaN();
        expect(loss.gradient[0]?.map((each) => each + 0)).toEqual([0, 0, 0, 0]);
      }
      const others = await withGradient((z, on) => crossEntropy(z, labels([-100, 3], on), { ignoreIndex: -100 }));
      expect(others.value).toBeCloseTo(-Math.log(softmax(logits[1] ?? [])[3] ?? 0), 5);
    });

    test.each([false, true])('divergence leaves out what the target rules out (logarithms: %s)', async (logTarget) => {
      const target = logits.map(softmax);
      const given = logTarget ? target.map((row) => row.map(Math.log)) : target;
      const divergence = await withGradient((z, on) =>
        klDivergence(z.logSoftmax(-1), tensor(given, { device: on }), { logTarget }),
      );
      expect(divergence.value).toBeCloseTo(0, 5);
      expect(divergence.gradient.flat().every((each) => Math.abs(each) < 1e-6)).toBe(true);
      const wrong = logits.map((row) => row.map((each) => (each === masked ? 0 : masked)));
      expect(
        (
          await withGradient(
            (z) => klDivergence(z.logSoftmax(-1), tensor(given, { device: z.device }), { logTarget }),
            wrong,
          )
        ).value,
      ).toBe(Infinity);
    });
  });
}
