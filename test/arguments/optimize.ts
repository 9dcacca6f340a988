/** Every exported function of @espalier/optimize with arguments that are right. */
import { join } from 'node:path';
import * as nn from '@espalier/nn';
import * as optimize from '@espalier/optimize';
import {
  folderBytes,
  folderStore,
  loadOptimized,
  replaceModel,
  saveOptimized,
  sensitivityIn,
  teacherCacheIn,
} from '@espalier/optimize/node';
import { cpu, int8, tensor, type Tensor } from '@espalier/tensor';
import { data, files, labels, model, scores } from './examples.ts';
import { made, row, type Operation } from './operation.ts';

const parameter = (): nn.Parameter => new nn.Parameter(scores());
const mask = (): Uint8Array => new Uint8Array([1, 0, 1, 1]);
const scales = (): Float32Array => new Float32Array([0.5, 1]);
const observer = (): optimize.Observer => optimize.createObserver({ type: 'percentile' });
const training = (): optimize.TrainingConfig => ({
  epochs: 0,
  batchSize: 2,
  optimizer: { type: 'sgd', lr: 1 },
  schedule: 'cosine',
  loss: 'cross-entropy',
});
const range = (): optimize.KnobRange => ({ low: 0, high: 1, resolution: 0.1, start: 0.5 });

const table = (): optimize.MeasuredTable => ({
  by: 'loss',
  layers: [{ name: 'weight', options: [{ config: null, damage: 0, error: 0, bytes: 16 }], refused: [] }],
});

let tables = 0;
let formats = 0;
/** A format of a name that is free. */
const ownFormat = (): typeof int8 => ({ ...int8, name: `own-${formats++}` });

/** A clock that goes on by a millisecond whenever it is looked at. */
function ticks(): () => number {
  let now = 0;
  return () => now++;
}

const pruned = nn.build({ type: 'linear', in: 2, out: 2 }, { seed: 1 });
for (const each of pruned.parameters().slice(0, 1)) optimize.setMask(each, mask());
const weights = await optimize.packWeights(pruned);
const weight = await optimize.materialize(pruned.parameters()[0] ?? parameter());
const goal = (): optimize.Goal => ({
  metric: 'accuracy',
  maxDrop: 1,
  min: 0,
  bytes: '<= 9 kB',
  maxTrials: 1,
  maxMinutes: 9,
});
const { report } = await optimize.compress(model(), {
  data: { validate: data() },
  goal: goal(),
  steps: [optimize.prune({ sparsity: 0.5 })],
  latency: false,
});
const trial = (): optimize.BudgetTrial => ({ knob: 0.5, quality: 1, margin: 1, costs: { bytes: 1 }, brokenLimits: [] });

/** The operations; those on files work in a folder. */
export function optimizeOperations(folder: string): readonly Operation[] {
  /** An operation that is given no path but one below the folder. */
  const inFolder =
    (operation: (path: string, ...rest: never[]) => unknown) =>
    (path: string, ...rest: never[]): unknown =>
      operation(typeof path === 'string' ? join(folder, path) : path, ...rest);
  return [
    row('allocate', optimize.allocate, () => [
      { layers: [{ name: 'weight', options: [{ config: null, damage: 1, bytes: 4 }] }] },
      { bytes: 8 },
    ]),
    row('budgetLoop', optimize.budgetLoop, () => [
      {
        range: range(),
        floor: 0.5,
        limits: { bytes: 10 },
        attempt: async () => ({ quality: 1, costs: { bytes: 1 } }),
        of: 'a recipe',
        maxTrials: 2,
        maxMinutes: 1,
        state: { version: 1, range: range(), floor: 0.5, limits: { bytes: 10 }, of: 'a recipe', trials: [trial()] },
        onTrial: () => {},
        signal: { aborted: false },
        now: ticks(),
      } satisfies optimize.BudgetOptions<optimize.Attempt>,
    ]),
    row('checkRecipe', optimize.checkRecipe, () => [
      model(),
      [optimize.prune({ sparsity: 0.5 })],
      { data: { train: data() }, loss: 'mse', seed: 1 },
    ]),
    row('compareLatency', optimize.compareLatency, () => [
      model(),
      model(),
      { inputShape: [2], input: tensor([[1, 2]]), within: 0.1, maxMs: 0, warmUp: 1, warmUpMs: 0, now: ticks() },
    ]),
    row('cluster', optimize.cluster, () => [
      { bits: 3, start: 'linear', train: training(), include: ['weight'], exclude: ['bias'] },
    ]),
    row('codebookOf', optimize.codebookOf, () => [parameter()]),
    row('compress', optimize.compress, () => [
      model(),
      {
        data: { train: data(), validate: data(), test: data() },
        goal: goal(),
        steps: [optimize.prune({ sparsity: 0.5 })],
        seed: 1,
        loss: 'cross-entropy',
        knob: { low: 0.1 },
        latency: false,
        onTrial: () => {},
        onProgress: () => {},
        signal: { aborted: false },
      } satisfies optimize.CompressOptions,
    ]),
    row('copyModel', optimize.copyModel, () => [pruned, { device: cpu() }]),
    row('createObserver', optimize.createObserver, () => [{ type: 'percentile', percentile: 99 }]),
    row('dequantizeTensor', optimize.dequantizeTensor, () => [
      { format: 'int8', codes: tensor([1, 2], { dtype: 'i8' }), scales: tensor([1]) },
    ]),
    row('decodeSymbols', optimize.decodeSymbols, () => ['stream', optimize.encodeSymbols(mask()), 4]),
    row('distill', optimize.distill, () => [
      {
        teacher: [{ teacher: model(), name: 'one', weight: 2 }],
        student: { type: 'linear', in: 2, out: 2 },
        temperature: { from: 4, to: 2, shape: 'cosine', begin: 0.1, end: 0.9 },
        alpha: 0.5,
        ignoreIndex: 0,
        matches: [{ teacher: '', student: '', loss: 'mse', weight: 1, project: true, of: 0 }],
        exits: [{ at: '', weight: 1 }],
        chorus: 'logits',
        weakTeacher: 'use',
        cache: teacherCacheIn(folder),
        train: training(),
      } satisfies optimize.DistillOptions,
    ]),
    row('distillationLoss', optimize.distillationLoss, () => [
      scores(),
      scores(),
      labels(),
      { temperature: 2, alpha: 0.5, ignoreIndex: 0 },
    ]),
    row('encode', optimize.encode, () => [
      { format: 'int4', options: { group: 32 }, include: ['weight'], exclude: ['bias'] },
    ]),
    row('encodeSymbols', optimize.encodeSymbols, () => [mask()]),
    row('finetune', optimize.finetune, () => [training()]),
    row('lowRank', optimize.lowRank, () => [
      { rank: 4, alpha: 8, others: 'vectors', include: ['*'], exclude: ['*.bias'] },
    ]),
    row('folderBytes', folderBytes, () => [folder]),
    row('folderStore', inFolder(folderStore), () => ['store']),
    row('formatModels', optimize.formatModels, () => [[report.before, report.after]]),
    row('formatNames', optimize.formatNames, () => []),
    row('formatSensitivity', optimize.formatSensitivity, () => [table()]),
    row('formatReport', optimize.formatReport, () => [report]),
    row(
      'loadOptimized',
      // A folder that is missing is the system's own error.
      (path: string, options: object) => loadOptimized(typeof path === 'string' ? folder : path, options),
      () => [folder, { device: cpu() }],
    ),
    row('loadOptimizedFrom', optimize.loadOptimizedFrom, () => [files, { device: cpu(), source: 'model' }]),
    row('lottery', optimize.lottery, () => [
      {
        rounds: 2,
        share: 0.2,
        rewindTo: 1,
        rewind: 'weights',
        method: 'lamp',
        scope: 'global',
        pattern: 'row',
        minimum: 0.1,
        maximum: 0.9,
        train: { ...training(), epochs: 2 },
        include: ['weight'],
        exclude: ['bias'],
      } satisfies optimize.LotteryOptions,
    ]),
    row('maskOf', optimize.maskOf, () => [parameter()]),
    row('maskUpdates', optimize.maskUpdates, () => [
      { shape: 'cubic', initial: 0.1, begin: 0.1, end: 0.5, updates: 3 },
      0.5,
      10,
    ]),
    row('materialize', optimize.materialize, () => [pruned.parameters()[0], 'weight']),
    row('materializeModel', optimize.materializeModel, () => [pruned]),
    row('measureCost', optimize.measureCost, () => [
      pruned,
      {
        inputShape: [2],
        latency: { runs: 1, warmUp: 0, warmUpMs: 0, now: ticks() },
        input: tensor([[1, 2]]),
        entropy: true,
      },
    ]),
    row('measureLatency', optimize.measureLatency, () => [
      model(),
      tensor([[1, 2]]),
      { runs: 2, warmUp: 1, warmUpMs: 1, now: ticks() },
    ]),
    row('medianInterval', optimize.medianInterval, () => [[1, 2, 3], 0.1]),
    row('mixed', optimize.mixed, () => [
      {
        bits: 3.5,
        options: [{ type: 'gptq', bits: 3 }],
        by: 'loss',
        examples: 2,
        include: ['weight'],
        exclude: ['bias'],
      },
    ]),
    row('nextKnob', optimize.nextKnob, () => [range(), [{ knob: 0.5, margin: 0.1 }]]),
    row('numberFormat', optimize.numberFormat, () => ['int8']),
    row('notesOn', optimize.notesOn, () => [report.before, report.after]),
    row('memoryStore', optimize.memoryStore, () => []),
    row('optimize', optimize.optimize, () => [
      model(),
      {
        data: { train: data(), validate: data(), test: data() },
        goals: ['accuracy>=base-50pp'],
        minimize: 'bytes',
        steps: [optimize.prune({ sparsity: 0.5 })],
        turn: true,
        seed: 1,
        loss: 'cross-entropy',
        maxTrials: 1,
        maxMinutes: 1,
        epochs: 1,
        latency: { maxMs: 0, warmUp: 0, warmUpMs: 0 },
        store: optimize.memoryStore(),
        onTrial: () => {},
        onBest: () => {},
        onProgress: () => {},
        signal: { aborted: false },
      } satisfies optimize.OptimizeOptions,
    ]),
    row('packWeights', optimize.packWeights, () => [pruned, { entropy: true }]),
    row('paretoFront', optimize.paretoFront, () => [[{ quality: 1, cost: 1 }]]),
    row('parseLimit', optimize.parseLimit, () => ['bytes', '<= 1 kB']),
    row('parseGoal', optimize.parseGoal, () => ['accuracy>=base-0.5pp']),
    row('parseRecipe', optimize.parseRecipe, () => [
      [{ type: 'prune', sparsity: 0.5 }, { together: [{ type: 'distill', teacher: 'given' }] }],
      { teacher: model(), teachers: { one: model() }, cache: teacherCacheIn(folder) },
    ]),
    row('printGoal', optimize.printGoal, () => [optimize.parseGoal('accuracy>=base-0.5pp')]),
    row('prune', optimize.prune, () => [
      {
        sparsity: 0.5,
        method: 'taylor',
        scope: 'global',
        pattern: 'row',
        calibrate: { examples: 2 },
        minimum: 0.1,
        maximum: 0.9,
        schedule: { shape: 'linear', initial: 0.1, begin: 0.1, end: 0.2, updates: 2 },
        train: training(),
        include: ['weight'],
        exclude: ['bias'],
      } satisfies optimize.PruneOptions,
    ]),
    row('quantizationOf', optimize.quantizationOf, () => [parameter()]),
    row('quantize', optimize.quantize, () => [
      {
        weights: 'int8',
        activations: { type: 'static', observer: 'mse', zeros: true, examples: 2 },
        train: training(),
        steps: 'learned',
        correctBiases: { examples: 2 },
        granularity: 'group',
        group: 2,
        zeros: true,
        observer: { type: 'percentile', percentile: 99 },
        calibrate: { examples: 2 },
        include: ['weight'],
        exclude: ['bias'],
      } satisfies optimize.QuantizeOptions,
    ]),
    row('quantizeTensor', optimize.quantizeTensor, () => [
      scores(),
      { format: 'int8', granularity: 'channel', observer: { type: 'percentile', percentile: 99 } },
    ]),
    row('recipeJson', optimize.recipeJson, () => [[optimize.prune({ sparsity: 0.5 }), optimize.together()]]),
    row('recipeSchema', optimize.recipeSchema, () => []),
    row('recordsJson', optimize.recordsJson, () => [report.records]),
    row('registerFormat', optimize.registerFormat, () => [ownFormat()]),
    row('reportJson', optimize.reportJson, () => [report]),
    row('registerMatchLoss', optimize.registerMatchLoss, () => [
      {
        type: 'own',
        compares: 'patterns',
        loss: (student: Tensor, teacher: Tensor) => student.sum().sub(teacher.sum()),
      },
    ]),
    row('registerMetric', optimize.registerMetric, () => [{ type: 'own', targets: 'classes', metric: nn.accuracy }]),
    row('registerNumberFormat', optimize.registerNumberFormat, () => [
      { name: 'own-numbers', bits: 4, minimum: -7, maximum: 7 },
    ]),
    row('registerPass', optimize.registerPass, () => [{ type: 'own', make: () => optimize.quantize() }]),
    row('registerScore', optimize.registerScore, () => [
      { type: 'own', score: (values: Float32Array) => values, needs: 'gradients', examples: 2 },
    ]),
    row('registerView', optimize.registerView, () => [
      { name: 'own', is: () => false, save: () => ({}), load: () => ({ name: 'own', apply: scores }) },
    ]),
    row('replaceModel', inFolder(replaceModel), () => [
      'best',
      new Map(['model.safetensors', 'config.json'].map((name) => [name, new Uint8Array([1])])),
    ]),
    row('restore', optimize.restore, () => [
      'weight',
      parameter(),
      { layout: weight.layout, format: weight.format, shape: [...weight.shape], pruned: weight.pruned },
      weight.arrays,
    ]),
    row('runRecipe', optimize.runRecipe, () => [
      model(),
      [optimize.prune({ sparsity: 0.5 })],
      { data: { train: data() }, loss: 'mse', seed: 1, signal: new AbortController().signal, onProgress: () => {} },
    ]),
    row('teacherCacheIn', inFolder(teacherCacheIn), () => ['.', { memoryBytes: 0 }]),
    row('saveOptimized', inFolder(saveOptimized), () => [
      '.',
      model(),
      { metadata: { a: 1 }, optimization: { b: 2 }, entropy: true },
    ]),
    row('sensitivity', optimize.sensitivity, () => [
      model(),
      {
        data: { train: data(), validate: data() },
        options: [{ type: 'prune', sparsity: 0.5 }],
        by: 'loss',
        loss: 'cross-entropy',
        examples: 2,
        latency: { runs: 1, warmUp: 0, warmUpMs: 0, now: ticks() },
        seed: 1,
        signal: new AbortController().signal,
        known: table(),
        onMeasured: () => {},
        include: ['weight'],
        exclude: ['bias'],
      } satisfies optimize.SensitivityOptions,
    ]),
    row(
      'sensitivityIn',
      (path: string, ...rest: [never, never]) =>
        sensitivityIn(typeof path === 'string' ? join(folder, `table-${tables++}.json`) : path, ...rest),
      () => [
        'table.json',
        model(),
        { data: { train: data() }, options: [{ type: 'quantize' }], loss: 'cross-entropy', examples: 2 },
      ],
    ),
    row('setCodebook', optimize.setCodebook, () => [parameter(), Uint8Array.of(0, 1, 1, 0), { zero: true }]),
    row('setMask', optimize.setMask, () => [parameter(), mask()]),
    row('setQuantization', optimize.setQuantization, () => [
      parameter(),
      'int8',
      scales(),
      { zeros: new Int8Array(2), group: 2 },
    ]),
    row('storedBytes', optimize.storedBytes, () => [pruned, { entropy: true }]),
    row('strip', optimize.strip, () => [pruned]),
    row('together', optimize.together, () => [optimize.prune({ sparsity: 0.5 }), optimize.quantize()]),
    row('unpackWeights', optimize.unpackWeights, () => [
      'file',
      model(),
      { tensors: new Map(weights.tensors), descriptions: { ...weights.descriptions } },
    ]),
    row('gptq', optimize.gptq, () => [
      {
        bits: 4,
        group: 32,
        zeros: true,
        actOrder: false,
        staticGroups: true,
        clip: false,
        damping: 0.1,
        calibrate: { examples: 2 },
        include: ['weight'],
        exclude: ['bias'],
      },
    ]),
    row('sparseGpt', optimize.sparseGpt, () => [
      {
        pattern: '2:4',
        bits: 4,
        group: 32,
        damping: 0.1,
        calibrate: { examples: 2 },
        include: ['weight'],
        exclude: ['bias'],
      },
    ]),
    row('shrink', optimize.shrink, () => [
      {
        ratio: 0.5,
        structure: ['neuron'],
        method: 'l1',
        scope: 'global',
        minimum: 0.1,
        maximum: 0.9,
        roundTo: 2,
        recalibrate: 2,
        calibrate: { examples: 2 },
        train: training(),
        include: ['weight'],
        exclude: ['bias'],
      },
    ]),
    row('awq', optimize.awq, () => [
      {
        bits: 4,
        group: 32,
        zeros: true,
        clip: false,
        calibrate: { examples: 2 },
        include: ['weight'],
        exclude: ['bias'],
      },
    ]),
    row('quantizeCache', optimize.quantizeCache, () => [{ numbers: 'int8', include: ['0'], exclude: ['1'] }]),
    row('dropColumns', optimize.dropColumns, () => [
      { weights: new Float32Array([1, 2, 3, 4]), products: new Float64Array([2, 0, 1, 2]) },
      { group: 1, count: 1 },
    ]),
    row('dropLayers', optimize.dropLayers, () => [
      { ratio: 0.5, calibrate: { examples: 2 }, train: training(), include: ['0'], exclude: ['1'] },
    ]),
    row('modelWidths', optimize.modelWidths, () => [model(), { shape: [2, 2], dtype: 'f32', device: cpu() }]),
    row('recalibrateNorms', optimize.recalibrateNorms, () => [model(), data(), { examples: 2, batchSize: 1 }]),
    row('hqq', optimize.hqq, () => [{ bits: 4, group: 32, zeros: true, include: ['weight'], exclude: ['bias'] }]),
    row('fold', optimize.fold, () => [{ include: ['0'], exclude: ['1'] }]),
    row('equalize', optimize.equalize, () => [{ rounds: 2, include: ['weight'], exclude: ['bias'] }]),
    row('smoothQuant', optimize.smoothQuant, () => [
      { alpha: 0.5, calibrate: { examples: 2 }, include: ['weight'], exclude: ['bias'] },
    ]),
    row('wanda', optimize.wanda, () => [
      { sparsity: 0.5, calibrate: { examples: 2 }, include: ['weight'], exclude: ['bias'] },
    ]),
    row('wilsonInterval', optimize.wilsonInterval, () => [1, 2]),
    row('studentQuantile', optimize.studentQuantile, () => [0.975, 3]),
    made('new MaskView', optimize.MaskView, () => [mask(), scores()]),
    made('new QuantizeView', optimize.QuantizeView, () => [
      'int8',
      scales(),
      scores(),
      { zeros: new Int8Array(2), group: 2 },
    ]),
    row(
      'MaskView.update',
      (a) => new optimize.MaskView(mask(), scores()).update(a),
      () => [mask()],
    ),
    row(
      'MaskView.copy',
      (a) => new optimize.MaskView(mask(), scores()).copy(a),
      () => [scores()],
    ),
    row(
      'Observer.observe',
      (a) => observer().observe(a),
      () => [[1, 2]],
    ),
    row(
      'QuantizeView.copy',
      (a) => new optimize.QuantizeView('int8', scales(), scores()).copy(a),
      () => [scores()],
    ),
    row(
      'QuantizeView.decode',
      (a) => new optimize.QuantizeView('int8', scales(), scores()).decode(a),
      () => [new Int8Array(4)],
    ),
    row(
      'QuantizeView.encode',
      (a) => new optimize.QuantizeView('int8', scales(), scores()).encode(a),
      () => [new Float32Array(4)],
    ),
  ];
}
