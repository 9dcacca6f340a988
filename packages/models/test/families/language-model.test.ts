// Models of others compute what transformers computes with them, however the positions of a text come.
import { AttentionCache, callContext, Linear, rotaryFrequencies, type CallSlots } from '@espalier/nn';
import { compile, concat, noGrad, tensor, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { openLanguageModel, openVisionModel } from '../../src/index.ts';
import { goldenJson } from '../helpers/golden.ts';
import {
  answers,
  causal,
  folderOf,
  ggufOf,
  idsOf,
  inGguf,
  opened,
  outputOf,
  texts,
  type Answer,
} from '../helpers/opened.ts';

const near = { absolute: 2e-5, relative: 2e-5 };
const text = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 12];
const call = (module: { call: (x: Tensor, context: ReturnType<typeof callContext>) => Tensor }, ids: Tensor, slots: CallSlots = {}): Tensor => noGrad(() => module.call(ids, callContext({ slots }))); // prettier-ignore

describe('what transformers computes', () => {
  test.each(texts)('%s in a folder', async (name) => {
    const { module, description } = await opened(name);
    for (const answer of answers[name] as readonly Answer[])
      await expectClose(outputOf(module, answer), answer.output, near);
    expect(description).toMatchObject({ vocabulary: 13, context: 16, format: 'huggingface', notes: [] });
    expect(description.gives).toBe(name === 'bert' ? 'states' : 'logits');
  });

  test.each(inGguf)('%s in GGUF', async (name) => {
    const { module, description } = await openLanguageModel(await ggufOf(name));
    for (const answer of answers[name] as readonly Answer[])
      await expectClose(outputOf(module, answer), answer.output, near);
    const { model } = (await opened(name)).description;
    const { rotary: _, activation: __, ...others } = description.model;
    expect(model).toMatchObject(others);
  });

  test('a vision transformer', async () => {
    const { module, description } = await openVisionModel(await folderOf('vit'));
    const [{ pixels, shape, output }] = answers['vit'] as never as [
      { pixels: number[]; shape: number[]; output: number[] },
    ];
    await expectClose(
      noGrad(() => module.call(tensor(pixels).reshape(shape))),
      output,
      near,
    );
    expect(description).toMatchObject({ image: 6, channels: 2, labels: ['LABEL_0', 'LABEL_1', 'LABEL_2'] });
  });
});

describe.each(causal)('%s', (name) => {
  test('tells of a position whatever comes later, in a batch as alone', async () => {
    const { module } = await opened(name);
    const whole = call(module, idsOf([text, text.toReversed()]));
    await expectClose(call(module, idsOf(text)), whole.select(0, 0), near);
    await expectClose(call(module, idsOf(text.slice(0, 4))), whole.select(0, 0).narrow(0, 0, 4), near);
  });

  test('tells the same with a cache, by one recording for any number of ids', async () => {
    const { module } = await opened(name);
    const whole = call(module, idsOf(text));
    const cache = new AttentionCache(module, { capacity: 16 });
    const step = compile((ids: Tensor, position: Tensor, count: Tensor) =>
      call(module, ids.upTo(0, count), { attentionCache: cache.from(position), logitsOf: 'last' }),
    );
    const scalar = (value: number): Tensor => tensor(value, { dtype: 'i32' });
    let at = 0;
    const last: Tensor[] = [];
    for (const count of [4, 1, 3, 1, 2]) {
      const part = [...text.slice(at, at + count), 0, 0, 0].slice(0, 4);
      last.push(step(idsOf(part), scalar(at), scalar(count)));
      at += count;
    }
    const wanted = [3, 4, 7, 8, 10].map((row) => whole.narrow(0, row, 1));
    await expectClose(concat(last, 0), concat(wanted, 0), near);
    expect(step.recordings).toBe(1);
  });

  test('tells of the last position alone, where that is asked', async () => {
    const { module } = await opened(name);
    const all = call(module, idsOf([text]));
    await expectClose(call(module, idsOf([text]), { logitsOf: 'last' }), all.narrow(1, 10, 1), near);
    const some = call(module, idsOf([text]).upTo(1, tensor(3, { dtype: 'i32' })));
    await expectClose(await some.data(), await all.narrow(1, 0, 3).data(), near);
    expect(() => call(module, idsOf(text), { logitsOf: 'first' as never })).toThrow("one of 'all', 'last'");
  });

  test('tells the same of texts that are padded on the left', async () => {
    const { module } = await opened(name);
    const short = text.slice(0, 3);
    const padded = idsOf([text.slice(0, 5), [0, 0, ...short]]);
    const mask = tensor([
      [1, 1, 1, 1, 1],
      [0, 0, 1, 1, 1],
    ]).ne(0);
    // What pads see does not matter, as long as they see something.
    const sees = mask.reshape([2, 1, 1, 5]).logicalOr(mask.logicalNot().reshape([2, 1, 5, 1]));
    const positions = idsOf([
      [0, 1, 2, 3, 4],
      [0, 0, 0, 1, 2],
    ]);
    const both = call(module, padded, { attentionMask: sees, positions });
    await expectClose(both.select(0, 1).narrow(0, 2, 3), call(module, idsOf(short)), near);
    await expectClose(both.select(0, 0), call(module, idsOf(text.slice(0, 5))), near);
  });

  test('has all its products in linear layers with a place of their own', async () => {
    const { module, description } = await opened(name);
    const linear = [...module.namedModules()].filter(([, each]) => each instanceof Linear).map(([place]) => place);
    const each = Number(description.model['layers']);
    const isGated = description.family === 'llama';
    expect(linear).toHaveLength(each * (isGated ? 7 : 6) + 1);
    expect(linear).toContain('layers.0.attention.body.query');
    expect(linear).toContain('layers.1.feedForward.body.down');
    const seen: string[] = [];
    const tap = { at: (_: string, at: object) => at instanceof Linear, output: (_: Tensor, site: { name: string }) => void seen.push(site.name) }; // prettier-ignore
    noGrad(() => module.call(idsOf(text), callContext({ taps: [tap] })));
    expect(seen.toSorted()).toEqual(linear.toSorted());
  });

  test('is one parameter where the head is the embedding', async () => {
    const { module, description } = await opened(name);
    const { tied } = description.model as { readonly tied?: boolean };
    const parameters = module.namedParameters();
    expect(parameters.has('head.weight')).toBe(tied !== true);
    const stored = goldenJson(`families/${name}/config.json`) as { readonly tie_word_embeddings: boolean };
    expect(tied).toBe(stored.tie_word_embeddings);
  });
});

describe('rotary positions', () => {
  const scaled = (scaling: Parameters<typeof rotaryFrequencies>[0]['scaling'], length?: number): number[] =>
    Array.from(rotaryFrequencies({ base: 100, ...(scaling && { scaling }) }, 8, length).frequencies);
  const plain = scaled(null);

  test('turn pairs more slowly, feature by feature', () => {
    expect(plain).toEqual([0, 1, 2, 3].map((pair) => 100 ** (-pair / 4)));
    expect(scaled({ type: 'linear', factor: 4 })).toEqual(plain.map((each) => each / 4));
    expect(scaled({ type: 'factors', short: [1, 2, 3, 4] })).toEqual(plain.map((each, pair) => each / (pair + 1)));
  });

  test('turn long sequences by how long they are, where scaling says so', () => {
    expect(scaled({ type: 'dynamic', factor: 2, context: 16 }, 16)).toEqual(plain);
    expect(scaled({ type: 'dynamic', factor: 2, context: 16 }, 32)[1]).toBeCloseTo((100 * 3 ** (8 / 6)) ** -0.25, 12);
    const long = { type: 'factors', short: [1, 1, 1, 1], long: [2, 2, 2, 2], context: 16 } as const;
    expect(scaled(long, 16)).toEqual(plain);
    expect(scaled(long, 17)).toEqual(plain.map((each) => each / 2));
  });

  test.each([
    [{ width: 3 }, 'give an even number'],
    [{ width: 10 }, 'give an even number up to that'],
    [{ scaling: { type: 'factors', short: [1] } }, 'has 1 factors for 4 pairs'],
    [{ scaling: { type: 'ntk', factor: 2 } }, 'linear, dynamic, llama3, yarn, factors'],
    [{ scaling: { type: 'linear' } }, 'factor'],
    [{ base: 1 }, 'base'],
  ])('%j are refused', (options, problem) => {
    expect(() => rotaryFrequencies(options as never, 8)).toThrow(problem);
  });
});
