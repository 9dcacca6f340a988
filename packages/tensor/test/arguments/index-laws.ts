/** What indices outside mean, on any device. */
import { afterEach, expect, test } from 'vitest';
import {
  checkIndices,
  compile,
  configure,
  crossEntropy,
  DTypeError,
  ShapeError,
  tensor,
  type Device,
  type Tensor,
} from '../../src/index.ts';

type Use = (index: Tensor, on: Device) => Tensor;

const rows = (on: Device): Tensor => tensor([[1, 2], [3, 4], [5, 6]], { device: on }); // prettier-ignore

/** Each operation that takes indices, on three rows, and what it makes of [2, 3] where a device computes them. */
const uses: Readonly<Record<string, readonly [use: Use, meaning: readonly number[]]>> = {
  take: [(index, on) => rows(on).take(index), [5, 6, 0, 0]],
  gather: [(index, on) => rows(on).gather(0, index.unsqueeze(1)), [5, 0]],
  scatterAdd: [
    (index, on) => rows(on).scatterAdd(0, index.unsqueeze(1), tensor([[10], [20]], { device: on })),
    [1, 2, 3, 4, 15, 6],
  ],
  oneHot: [(index) => index.oneHot(3), [0, 0, 1, 0, 0, 0]],
  crossEntropy: [
    (index, on) => crossEntropy(tensor([[0, 0, 0], [0, 0, 0]], { device: on }), index, { reduction: 'none' }), // prettier-ignore
    [Math.fround(Math.log(3)), Number.NaN],
  ],
};

/** The laws of indices on one device. */
export function indexLaws(device: () => Device | Promise<Device>): void {
  const indices = (values: number[], on: Device): Tensor => tensor(values, { dtype: 'i32', device: on });

  afterEach(() => {
    configure({ checkIndices: false });
  });

  test.each(Object.entries(uses))('%s refuses an index outside that is known, by its name', async (name, [use]) => {
    const on = await device();
    for (const outside of [3, -1, 2 ** 31 - 1])
      expect(() => use(indices([2, outside], on), on)).toThrow(
        expect.objectContaining({
          operation: name,
          message: expect.stringMatching(new RegExp(`${outside}.*0 to 2`)) as string,
        }) as Error,
      );
    expect(() => use(tensor([true, false], { device: on }).cast('f32'), on)).toThrow(Error);
    await use(indices([2, 0], on), on).data();
  });

  test.each(Object.entries(uses))(
    '%s has its stated meaning where a device computes the index',
    async (_, [use, meaning]) => {
      const on = await device();
      const found = await use(indices([1, 2], on).add(1), on).data();
      for (const [position, value] of [...found].entries())
        if (Number.isNaN(meaning[position])) expect(value).toBeNaN();
        else expect(value).toBeCloseTo(meaning[position] as number, 5);
    },
  );

  test.each(Object.entries(uses))('%s refuses it there too once the switch is on', async (name, [use]) => {
    const on = await device();
    configure({ checkIndices: true });
    // Labels are more than indices: their error names the row and the classes.
    const wrong = { operation: name, name: name === 'crossEntropy' ? 'ArgumentError' : 'ShapeError' };
    await expect((async () => use(indices([1, 2], on).add(1), on).data())()).rejects.toMatchObject(wrong);
    const step = compile((index: Tensor) => use(index.add(1), on));
    await expect((async () => step(indices([1, 2], on)).data())()).rejects.toMatchObject(wrong);
    await use(indices([0, 1], on).add(1), on).data();
  });

  test('a compiled step checks its arguments at each call', async () => {
    const on = await device();
    const step = compile((index: Tensor) => rows(on).take(index));
    expect([...(await step(indices([0, 2], on)).data())]).toEqual([1, 2, 5, 6]);
    expect(() => step(indices([0, 3], on))).toThrow('take: index 3');
    expect([...(await step(indices([1, 1], on)).data())]).toEqual([3, 4, 3, 4]);
    expect(step.recordings).toBe(1);
  });

  test('an ignored label is no mistake, and callers can ask for the check themselves', async () => {
    const on = await device();
    const logits = tensor([[0, 0], [0, 0]], { device: on }); // prettier-ignore
    const loss = crossEntropy(logits, indices([-100, 1], on), { ignoreIndex: -100 });
    expect(await loss.item()).toBeCloseTo(Math.LN2, 5);
    expect(() => checkIndices('fit', indices([0, 5], on), 5)).toThrow('fit: index 5');
    expect(() => checkIndices('fit', indices([0, -1], on), 5, { ignored: -1 })).not.toThrow();
    expect(() => checkIndices('fit', tensor([0.5], { device: on }), 5)).toThrow(DTypeError);
    expect(() => rows(on).take(tensor([true, false, true], { device: on }))).toThrow(DTypeError);
    expect(() => tensor([], { device: on }).take(indices([0], on))).toThrow(ShapeError);
  });
}
