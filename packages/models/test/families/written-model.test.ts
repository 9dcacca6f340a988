// Models go back to the files of others as they came, or as what is left of them, and what has no words there is named.
import { build, ConfigError, FormatError, type Module, type ModuleConfig } from '@espalier/nn';
import { noGrad, tensor, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  memorySink,
  openLanguageModel,
  openTensors,
  openVisionModel,
  writeModelFolder,
  writeModelGguf,
  writtenModel,
  type OpenedModel,
  type TensorSource,
  type WriteModelOptions,
} from '../../src/index.ts';
import {
  answers,
  folderOf,
  ggufOf,
  idsOf,
  inGguf,
  memoryFolder,
  opened,
  outputOf,
  saying,
  texts,
  type Answer,
} from '../helpers/opened.ts';

const near = { absolute: 2e-5, relative: 2e-5 };

async function asGguf(from: OpenedModel, options: WriteModelOptions = {}): Promise<TensorSource> {
  const sink = memorySink();
  await writeModelGguf(sink, from, options);
  return openTensors(bytesOf(sink.bytes(), 'written.gguf'));
}

async function asFolder(
  from: OpenedModel,
  options: WriteModelOptions = {},
): Promise<Awaited<ReturnType<typeof folderOf>>> {
  const folder = memoryFolder();
  await writeModelFolder(folder.write, from, options);
  return folder.open();
}

/** Expects all tensors of a file in another, bit by bit. */
async function expectSame(now: TensorSource, before: TensorSource, but: readonly string[] = []): Promise<void> {
  const names = [...before.tensors.keys()].filter((name) => !but.includes(name));
  expect([...now.tensors.keys()].toSorted()).toEqual(names.toSorted());
  for (const name of names) {
    const typeOf = ({ tensors }: TensorSource): unknown => [name, tensors.get(name)?.dtype, tensors.get(name)?.shape];
    expect(typeOf(now)).toEqual(typeOf(before));
    expect([name, Buffer.from(await now.read(name)).equals(await before.read(name))]).toEqual([name, true]);
  }
}

describe('back to what they came from', () => {
  test.each(texts)('%s as a folder', async (name) => {
    const before = await folderOf(name);
    const now = await asFolder(await openLanguageModel(before), { others: before.tensors });
    await expectSame(now.tensors, before.tensors);
    // What is said of rotary positions may be said in full.
    const { rope_parameters: _, ...config } = before.config;
    expect(now.config).toMatchObject(config);
    expect((await openLanguageModel(now)).description.model).toEqual((await opened(name)).description.model);
  });

  test('a vision transformer as a folder', async () => {
    const before = await folderOf('vit');
    await expectSame((await asFolder(await openVisionModel(before))).tensors, before.tensors);
  });

  test.each(inGguf)('%s as GGUF', async (name) => {
    const before = await ggufOf(name);
    const now = await asGguf(await openLanguageModel(before));
    await expectSame(now, before);
    for (const [key, value] of Object.entries(before.metadata))
      if (!key.startsWith('__')) expect([key, now.metadata[key]]).toEqual([key, value]);
  });
});

describe('to the other format', () => {
  test.each(inGguf)('%s as the GGUF file that gguf writes', async (name) => {
    const now = await asGguf(await opened(name));
    // The activation of GPT-2 and the like are what GGUF takes for granted.
    await expectSame(
      now,
      await ggufOf(name),
      ['rope_freqs.weight'].filter((each) => !now.tensors.has(each)),
    );
    const { module } = await openLanguageModel(now);
    for (const answer of answers[name] as readonly Answer[])
      await expectClose(outputOf(module, answer), answer.output, near);
  });

  test.each(inGguf)('%s out of GGUF as the folder of transformers', async (name) => {
    const before = await folderOf(name);
    const now = await asFolder(await openLanguageModel(await ggufOf(name)));
    await expectSame(now.tensors, before.tensors, ['pooler.dense.weight', 'pooler.dense.bias']);
    const { module } = await openLanguageModel(now);
    for (const answer of answers[name] as readonly Answer[])
      await expectClose(outputOf(module, answer), answer.output, near);
  });
});

/** A model whose rows are whole blocks. */
async function wide(): Promise<OpenedModel> {
  const model: ModuleConfig = {
    type: 'llama',
    vocabulary: 16,
    width: 32,
    layers: 3,
    heads: 4,
    keyValueHeads: 2,
    hidden: 64,
    context: 16,
    tied: true,
  };
  const { description } = await opened('llama');
  return { module: build(model, { seed: 1 }).eval(), description: { ...description, model } };
}

const ids = idsOf([3, 1, 4, 1, 5]);
const told = (module: Module): Tensor => noGrad(() => module.call(ids));

describe('with other numbers', () => {
  test('blocks stay blocks, and compute what their numbers do', async () => {
    const dtypes = (name: string): string | undefined => ({ 'token_embd.weight': 'Q8_0', 'blk.0.attn_q.weight': 'Q4_1', 'blk.1.ffn_up.weight': 'Q5_0' })[name]; // prettier-ignore
    const file = await asGguf(await wide(), { dtypes });
    const stored = await openLanguageModel(file);
    const kept = [...stored.module.namedParameters()].flatMap(([name, parameter]) => (parameter.stored ? [name] : []));
    expect(kept).toEqual([
      'embedding.weight',
      'layers.0.attention.body.query.weight',
      'layers.1.feedForward.body.up.weight',
    ]);
    const floats = await openLanguageModel(file, { weights: 'f32' });
    expect(floats.module.parameters().every((parameter) => !parameter.stored)).toBe(true);
    await expectClose(told(stored.module), told(floats.module), near);
    await expectSame(await asGguf(stored), file);
    const rounding = await openLanguageModel(file, { activations: 'int16-groups' });
    await expectClose(told(rounding.module), told(floats.module), { relative: 1e-3, absolute: 1e-3 });
    const roundedIn = ({ module }: typeof rounding): readonly string[] =>
      module.parameters().flatMap(({ stored: own }) => (own ? [own.matrix.activations] : []));
    expect(roundedIn(rounding)).toEqual(kept.map(() => 'int16-groups'));
    // Of codes of more than 4 bits 8 bits would be no faster.
    const few = await openLanguageModel(file, { activations: 'int8-groups' });
    expect(roundedIn(few)).toEqual(['int16-groups', 'int8-groups', 'int16-groups']);
  });

  test('a folder of halves says so', async () => {
    const now = await asFolder(await wide(), {
      dtypes: () => 'BF16',
      metadata: { hidden_act: 'silu', torch_dtype: undefined },
    });
    expect(now.config['dtype']).toBe('bfloat16');
    expect(new Set([...now.tensors.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['BF16']));
  });
});

describe('what is left of a model', () => {
  const without = (config: ModuleConfig, change: (blocks: ModuleConfig[]) => ModuleConfig[]): ModuleConfig => {
    const layers = config['layers'] as ModuleConfig & { readonly layers: ModuleConfig[] };
    return { ...config, layers: { ...layers, layers: change(layers.layers) } };
  };
  const nothing: ModuleConfig = { type: 'sequential', layers: [] };

  test('is written without the layers that are left out', async () => {
    const { module, description } = await wide();
    const small = build(without(module.config(), ([a, b, c]) => [a, { ...b, attention: nothing, feedForward: nothing }, c] as ModuleConfig[]), { seed: 2 }).eval(); // prettier-ignore
    const { module: again, description: now } = await openLanguageModel(await asGguf({ module: small, description }));
    expect(now.model['layers']).toBe(2);
    await expectClose(told(again), told(small), near);
  });

  test('has sizes of its own', async () => {
    const { module, description } = await wide();
    const narrow = build({ ...description.model, hidden: 20, keyValueHeads: 1, tied: false }, { seed: 2 }).eval();
    expect(narrow.type).toBe(module.type);
    const { module: again, description: now } = await openLanguageModel(
      await asFolder({ module: narrow, description }),
    );
    expect(now.model).toMatchObject({ hidden: 20, keyValueHeads: 1, tied: false });
    await expectClose(told(again), told(narrow), { absolute: 0, relative: 0 });
  });

  test('is refused where the format has no words for it', async () => {
    const { module, description } = await wide();
    const half = build(without(module.config(), ([a, ...rest]) => [{ ...a, attention: nothing }, ...rest] as ModuleConfig[]), { seed: 2 }); // prettier-ignore
    expect(() => writtenModel({ module: half, description }, 'gguf')).toThrow('layers[0]: is left out in part');
    const uneven = build(
      without(module.config(), ([a, b, c]) => {
        const feedForward = { ...(b?.['feedForward'] as ModuleConfig), body: { type: 'feed-forward', width: 32, hidden: 9, activation: 'silu', gated: true, bias: false } }; // prettier-ignore
        return [a, { ...b, feedForward }, c] as ModuleConfig[];
      }),
      { seed: 2 },
    );
    expect(() => writtenModel({ module: uneven, description }, 'huggingface')).toThrow(ConfigError);
    expect(() => writtenModel({ module: uneven, description }, 'huggingface')).toThrow(
      'layers.layers[1].feedForward.body.hidden is 9, where a model of the family has 64',
    );
    const other = build({ ...description.model, activation: 'relu' }, { seed: 2 });
    const relu = { ...description, model: { ...description.model, activation: 'relu' } };
    expect(() => writtenModel({ module: other, description: relu }, 'gguf')).toThrow('llama.activation');
    expect(() => writtenModel({ module, description: { ...description, family: 'odd' } }, 'gguf')).toThrow(
      'known are llama',
    );
    const turned = { ...description.model, rotary: { width: 4 } };
    const part = { module: build(turned, { seed: 2 }), description: { ...description, model: turned } };
    expect(() => writtenModel(part, 'huggingface')).toThrow('rotary.width: is 4');
    const vit = await openVisionModel(await folderOf('vit'));
    expect(() => writtenModel(vit, 'gguf')).toThrow('no files of in gguf');
  });
});

describe('windows', () => {
  const windowsIn = async (folder: Parameters<typeof openLanguageModel>[0]): Promise<readonly unknown[]> => {
    const { model } = (await openLanguageModel(folder)).description;
    return [model['window'], model['windowLayers']];
  };

  test('are those of the file, as far as sequences are longer', async () => {
    expect(await windowsIn(await folderOf('qwen2-window'))).toEqual([3, [1]]);
    const said = { use_sliding_window: true, sliding_window: 5, max_window_layers: 0, layer_types: null };
    expect(await windowsIn(await saying('qwen2-window', said))).toEqual([5, undefined]);
    expect(await windowsIn(await saying('qwen2-window', { sliding_window: 16 }))).toEqual([undefined, undefined]);
    expect(await windowsIn(await saying('mistral-window', {}))).toEqual([4, undefined]);
  });

  test('go along as layers do, and to GGUF where all have one', async () => {
    const before = await openLanguageModel(await folderOf('qwen2-window'));
    const text = tensor([3, 1, 4, 1, 5, 9, 2], { dtype: 'i32' });
    expect(() => writtenModel(before, 'gguf')).toThrow(ConfigError);
    const config = before.module.config() as unknown as { readonly layers: { readonly layers: readonly object[] } };
    const less = build({
      ...config,
      layers: { ...config.layers, layers: [{ type: 'sequential', layers: [] }, config.layers.layers[1]] },
    } as never);
    const own = new Map(before.module.namedParameters());
    for (const [name, { value }] of less.namedParameters()) value.assign(own.get(name)?.value as Tensor);
    const again = await asGguf({ ...before, module: less.eval() });
    expect(again.metadata['qwen2.attention.sliding_window']).toBe(3);
    const { module } = await openLanguageModel(again);
    await expectClose(
      noGrad(() => module.call(text)),
      noGrad(() => less.call(text)),
      near,
    );
  });
});

test('yarn goes to GGUF where nothing but its factor and context is said', async () => {
  const yarn = { rope_type: 'yarn', rope_theta: 100, factor: 4, original_max_position_embeddings: 8 };
  const before = await openLanguageModel(await saying('mistral', { rope_parameters: yarn }));
  const file = await asGguf(before);
  expect(file.metadata).toMatchObject({
    'llama.rope.scaling.type': 'yarn',
    'llama.rope.scaling.factor': 4,
    'llama.rope.scaling.original_context_length': 8,
  });
  const { module, description } = await openLanguageModel(file);
  expect(description.model['rotary']).toMatchObject({ scaling: { type: 'yarn', factor: 4, context: 8 } });
  const text = tensor([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 12], { dtype: 'i32' });
  await expectClose(
    noGrad(() => module.call(text)),
    noGrad(() => before.module.call(text)),
    near,
  );
  const other = await openLanguageModel(await saying('mistral', { rope_parameters: { ...yarn, beta_fast: 16 } }));
  await expect(asGguf(other)).rejects.toThrow('yarn');
});

describe('a folder is refused that asks for', () => {
  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['llama', { model_type: 'mamba' }, "'model_type' is 'mamba'"],
    ['llama', { hidden_act: 'quick_gelu' }, "'hidden_act' is 'quick_gelu'"],
    [
      'llama',
      { rope_parameters: { rope_type: 'proportional', rope_theta: 1e4 } },
      "'rope_parameters.rope_type' is 'proportional'",
    ],
    ['llama', { rope_parameters: { rope_type: 'linear', rope_theta: 1e4 } }, "'rope_parameters.factor' is missing"],
    ['llama', { rope_parameters: { rope_type: 'linear', factor: 2, odd: 1 } }, "'rope_parameters.odd'"],
    ['llama', { rope_interleaved: true }, "'rope_interleaved' is true"],
    ['llama', { partial_rotary_factor: 0.5 }, "'partial_rotary_factor' is 0.5"],
    ['qwen2', { rope_parameters: { rope_theta: 1e4, partial_rotary_factor: 0.5 } }, "partial_rotary_factor' is 0.5"],
    ['llama', { rms_norm_eps: 0 }, 'describes no model: llama.epsilon: is 0'],
    ['llama', { num_hidden_layers: 2 ** 23 }, "'num_hidden_layers' is 8388608, and there are"],
    ['llama', { num_hidden_layers: 1.5 }, "'num_hidden_layers' is 1.5"],
    ['llama', { num_hidden_layers: 3 }, "has not all tensors of the model that it describes: 'model.layers.2."],
    ['llama', { num_hidden_layers: 1 }, "has no place for: 'model.layers.1."],
    ['llama', { num_attention_heads: 5 }, 'describes no model'],
    ['llama', { vocab_size: 14 }, "'model.embed_tokens.weight' is [13, 24], and [14, 24]"],
    ['llama', { attention_bias: true }, "'model.layers.0.self_attn.q_proj.bias'"],
    ['llama-biased', { attention_bias: false }, "has no place for: 'model.layers.0.self_attn."],
    ['mistral', { sliding_window: 0 }, "'sliding_window' is 0"],
    ['qwen2', { layer_types: ['full_attention'] }, "'layer_types' has 1 layers, and the model has 2"],
    ['qwen2', { layer_types: ['linear_attention'] }, "'layer_types' has 'linear_attention'"],
    ['gpt2', { scale_attn_by_inverse_layer_idx: true }, "'scale_attn_by_inverse_layer_idx' is true"],
    ['gpt2', { add_cross_attention: true }, "'add_cross_attention' is true"],
    ['bert', { position_embedding_type: 'relative_key' }, `'position_embedding_type' is "relative_key"`],
    ['bert', { is_decoder: true }, "'is_decoder' is true"],
  ])('%s: %j', async (name, words, problem) => {
    const folder = await saying(name, words);
    await expect(openLanguageModel(folder)).rejects.toThrow(FormatError);
    await expect(openLanguageModel(folder)).rejects.toThrow(problem);
  });

  test('what is not known and may not matter is said', async () => {
    const { description } = await openLanguageModel(await saying('llama', { odd: 1, sliding_window: 8 }));
    expect(description.notes).toEqual(['odd of config.json is not known here, and not looked at']);
  });

  test('names of before are read as well', async () => {
    const old = { rope_parameters: null, rope_theta: 500, rope_scaling: { type: 'linear', factor: 2 } };
    const { model } = (await openLanguageModel(await saying('llama', old))).description;
    expect(model['rotary']).toEqual({ base: 500, width: 0, scaling: { type: 'linear', factor: 2 } });
  });

  test('ends of a text may be several', async () => {
    const { special } = (await openLanguageModel(await saying('bert', { eos_token_id: [2, 3], pad_token_id: 0 })))
      .description;
    expect(special).toEqual({ eos: [2, 3], pad: 0 });
  });
});
