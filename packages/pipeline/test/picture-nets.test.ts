import { build, countParameters } from '@espalier/nn';
import { architectureNamed, UsageError } from '@espalier/pipeline';
import { device, zeros } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const model = (name: string, options: object, shape: { input: readonly number[]; outputs: number }) =>
  architectureNamed(name).model(options, 'kaiming-normal', shape);

const convNet = { stages: 2, channels: 4, activation: 'relu', batchNorm: true, dropout: 0.1 };
const residual = { stages: 2, blocks: 1, channels: 4, activation: 'silu', stem: 1 };
const transformer = { width: 8, depth: 1, heads: 2, dropout: 0.1 };

describe('nets for pictures', () => {
  test.each<readonly [string, object, number, number]>([
    ['conv-net', { ...convNet, stages: 1 }, 8, 1],
    ['conv-net', convNet, 28, 3],
    ['conv-net', { ...convNet, stages: 5, batchNorm: false }, 224, 3],
    ['residual-net', { ...residual, stages: 1 }, 8, 1],
    ['residual-net', residual, 28, 3],
    ['residual-net', { ...residual, stages: 4, stem: 4 }, 224, 3],
  ])('%s of %j takes pictures of %i pixels a side in %i channels', async (name, options, side, channels) => {
    const net = build(model(name, options, { input: [channels, side, side], outputs: 5 }), { seed: 1 });
    const x = zeros([2, channels, side, side], { device: await device('cpu') });
    expect(net.eval().call(x).shape).toEqual([2, 5]);
  });

  test('double their channels up to eight times', () => {
    const sizes = [1, 2, 3, 4, 5].map((stages) =>
      countParameters(build(model('conv-net', { ...convNet, stages }, { input: [3, 64, 64], outputs: 2 }))),
    );
    const steps = sizes.slice(1).map((size, index) => size / Number(sizes[index]));
    expect(steps[1]).toBeGreaterThan(3);
    expect(steps[3]).toBeLessThan(2.5);
  });

  test.each([
    ['conv-net', { ...convNet, stages: 4 }],
    ['residual-net', { ...residual, stages: 3, stem: 4 }],
  ])('%s refuses pictures that its stages leave nothing of', (name, options) => {
    expect(() => model(name, options, { input: [1, 8, 8], outputs: 2 })).toThrow(
      /leave nothing of a picture of 8 × 8/u,
    );
    expect(() => model(name, options, { input: [64], outputs: 2 })).toThrow(UsageError);
  });
});

describe('transformers', () => {
  test('score each token at each place, by what came before alone', async () => {
    const net = build(model('transformer', transformer, { input: [6], outputs: 20 }), { seed: 1 }).eval();
    const cpu = await device('cpu');
    const { tensor } = await import('@espalier/tensor');
    const scores = async (tokens: readonly number[]): Promise<readonly number[]> =>
      Array.from(await net.call(tensor([tokens], { dtype: 'i32', device: cpu })).data());
    const [one, other] = [await scores([1, 2, 3, 4, 5, 6]), await scores([1, 2, 3, 9, 9, 9])];
    expect(one).toHaveLength(120);
    expect(one.slice(0, 60)).toEqual(other.slice(0, 60));
    expect(one.slice(60)).not.toEqual(other.slice(60));
  });

  test.each([
    [{ ...transformer, heads: 3 }, [6], /a width of 8 is no multiple of 3 heads/u],
    [transformer, [1, 8, 8], /give sequences of tokens/u],
  ])('of %j refuse examples of %j', (options, input, problem) => {
    expect(() => model('transformer', options, { input, outputs: 4 })).toThrow(problem);
  });
});
