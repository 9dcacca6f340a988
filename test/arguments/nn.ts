/** Every exported function of @espalier/nn with arguments that are right. */
import * as nn from '@espalier/nn';
import { cpu, tensor, type Tensor } from '@espalier/tensor';
import { data, files, labels, model, scores } from './examples.ts';
import { made, row, type Operation } from './operation.ts';

const raw = (): nn.RawTensor => ({ dtype: 'f32', shape: [1], bytes: new Uint8Array(4) });

class OwnOptimizer extends nn.SGD {}

const optimizer = (): nn.Optimizer => new OwnOptimizer({ lr: 0.1 }).attach(model().namedParameters());
const matrix = (): nn.ConfusionMatrix => new nn.ConfusionMatrix(2);

/** Options of a training, each of which is put to the test too. */
const training = (): nn.FitOptions => ({
  loss: nn.crossEntropy,
  optimizer: new nn.Adam(),
  epochs: 1,
  taps: [{ at: '*' }],
});

export const nnOperations: readonly Operation[] = [
  row('below', nn.below, () => [nn.callContext(), 'a']),
  row('batches', nn.batches, () => [nn.inOrder(4), 2, true]),
  row('bceWithLogits', nn.bceWithLogits, () => [scores(), scores(), { reduction: 'sum', weight: [1, 2] }]),
  row('build', nn.build, () => [{ type: 'relu' }, { seed: 1, device: cpu(), dtype: 'f32' }]),
  row('buildForValues', nn.buildForValues, () => [{ type: 'relu' }, new Map([['a', 'f16']]), cpu()]),
  row('buildOptimizer', nn.buildOptimizer, () => [{ type: 'sgd', lr: 1 }]),
  row('buildSchedule', nn.buildSchedule, () => [{ type: 'cosine' }]),
  row('callContext', nn.callContext, () => [{ taps: [{ at: '*', output: () => {} }], slots: { mask: scores() } }]),
  row('clip', nn.clip, () => [[scores()], { norm: 1, value: 2 }]),
  row('clipByNorm', nn.clipByNorm, () => [[scores()], 1]),
  row('clipByValue', nn.clipByValue, () => [[scores()], 1]),
  row('cloneModel', nn.cloneModel, () => [model(), { device: cpu(), dtype: 'f32' }]),
  row('constant', nn.constant, () => []),
  row('convertForeign', nn.convertForeign, () => ['a', { dtype: 'I64', shape: [1], bytes: new Uint8Array(8) }, 'file']),
  row('cosine', nn.cosine, () => [{ end: 0.1 }]),
  row('countParameters', nn.countParameters, () => [model()]),
  row('crossEntropy', nn.crossEntropy, () => [scores(), labels(), { labelSmoothing: 0.1 }]),
  row('dataset', nn.dataset, () => [
    { size: 1, load: () => ({}), prepare: () => ({ x: scores(), y: labels() }), labels: () => Promise.resolve([0]) },
  ]),
  row('decodeSafetensors', nn.decodeSafetensors, () => [nn.encodeSafetensors(new Map([['a', raw()]])), 'file']),
  row('deriveSeed', nn.deriveSeed, () => [1, 'a']),
  row('describeModel', nn.describeModel, () => ['a', model()]),
  row('describeTraining', nn.describeTraining, () => [model()]),
  row('dtypesOf', nn.dtypesOf, () => [new Map([['a', raw()]])]),
  row('encodeSafetensors', nn.encodeSafetensors, () => [new Map([['a', raw()]]), { a: 'b' }]),
  row('evaluate', nn.evaluate, () => [
    model(),
    data(),
    { accuracy: nn.accuracy },
    { batchSize: 2, taps: [{ at: /^$/ }] },
  ]),
  row('evenBatchSize', nn.evenBatchSize, () => [10, 5]),
  row('exponential', nn.exponential, () => [{ factor: 0.5 }]),
  row('f1', nn.f1, () => [{ average: 'macro' }]),
  row('fansOf', nn.fansOf, () => [[2, 3]]),
  row('fit', nn.fit, () => [model(), data(), training()]),
  row('gainOf', nn.gainOf, () => ['relu']),
  row('globalNorm', nn.globalNorm, () => [[scores()]]),
  row('huber', nn.huber, () => [scores(), scores(), { delta: 1, reduction: 'sum' }]),
  row('inOrder', nn.inOrder, () => [3]),
  row('initialise', nn.initialise, () => ['zeros', [2, 2], { device: cpu() }, { fanIn: 2, fanOut: 2 }]),
  row('initialiser', nn.initialiser, () => ['zeros', 'init']),
  row('klDivergence', nn.klDivergence, () => [scores(), scores(), { logTarget: true }]),
  row('l1', nn.l1, () => [scores(), scores(), { reduction: 'sum' }]),
  row('linear', nn.linear, () => [{ end: 0.1 }]),
  row('loadModelFrom', nn.loadModelFrom, () => [files, { device: cpu(), source: 'model' }]),
  row('loss', nn.loss, () => ['mse']),
  row('lossName', nn.lossName, () => [nn.mse]),
  row('meanLoss', nn.meanLoss, () => [nn.mse]),
  row('modelFilesAt', nn.modelFilesAt, () => ['models/a']),
  row('moduleTypes', nn.moduleTypes, () => []),
  row('monotonicNow', nn.monotonicNow, () => []),
  row('mse', nn.mse, () => [scores(), scores(), { reduction: 'sum' }]),
  row('enterEvaluation', nn.enterEvaluation, () => [model()]),
  row('noteTrainedBy', nn.noteTrainedBy, () => [model(), nn.mse]),
  row('oneCycle', nn.oneCycle, () => [{ rise: 0.5 }]),
  row('parseIdx', nn.parseIdx, () => [new Uint8Array([0, 0, 8, 1, 0, 0, 0, 1, 7]), 'file', 1]),
  row('placeTensor', nn.placeTensor, () => [raw(), cpu()]),
  row('precision', nn.precision, () => [{ average: 'macro' }]),
  row('predict', nn.predict, () => [model(), data(), { batchSize: 1 }]),
  row('prefer', nn.prefer, () => [model(), 'speed']),
  row('product', nn.product, () => [nn.cosine(), nn.linear()]),
  row('rawTensor', nn.rawTensor, () => [scores()]),
  row('encodeModelFiles', nn.encodeModelFiles, () => [
    {
      model: { type: 'relu' },
      metadata: { a: 1 },
      optimization: { b: 2 },
      loss: 'mse',
      frozen: [],
      tensors: new Map([['a', scores()]]),
    },
  ]),
  row('readModelFiles', nn.readModelFiles, () => [files, 'model']),
  row('readSafetensors', nn.readSafetensors, () => [
    nn.encodeSafetensors(new Map([['a', raw()]])),
    { device: cpu(), source: 'file' },
  ]),
  row('recall', nn.recall, () => [{ average: 'macro' }]),
  made('new Registry', nn.Registry, () => ['loss', ({ type }: { type: string }) => type, [{ type: 'own' }]]),
  row('registerInitialiser', nn.registerInitialiser, () => [
    { type: 'own', create: () => ({ settings: {}, initialise: () => scores() }) },
  ]),
  row('registerActivation', nn.registerActivation, () => [
    { type: 'own-activation', create: () => ({ settings: {}, apply: (x: Tensor) => x }) },
  ]),
  row('registerLoss', nn.registerLoss, () => [{ type: 'own', loss: (output: Tensor) => output.mean() }]),
  row('registerModule', nn.registerModule, () => [{ type: 'own', build: () => model() }]),
  row('registerOptimizer', nn.registerOptimizer, () => [{ type: 'own', create: optimizer }]),
  row('registerSchedule', nn.registerSchedule, () => [{ type: 'own', create: () => nn.cosine() }]),
  row('restoreTraining', nn.restoreTraining, () => [model(), { loss: 'mse', frozen: ['weight'] }, 'model']),
  row('sequence', nn.sequence, () => [{ schedule: nn.cosine(), steps: 2 }, { schedule: nn.linear() }]),
  row('shuffled', nn.shuffled, () => [4, 1, 'a', 2]),
  row('split', nn.split, () => [data(), [1, 1], { seed: 1 }]),
  row('stepDecay', nn.stepDecay, () => [{ every: 2 }]),
  row('streamOf', nn.streamOf, () => [1, 'a']),
  row('subset', nn.subset, () => [data(), [1]]),
  row('summary', nn.summary, () => [model(), [2], { dtype: 'f32' }]),
  row('tensorDataset', nn.tensorDataset, () => [scores(), labels(), { device: cpu(), classes: 2 }]),
  row(
    'throwIfAborted',
    (signal?: nn.AbortSignalLike) => {
      // Its reason is its own.
      if (Object(signal) !== signal || !signal?.aborted) nn.throwIfAborted(signal);
    },
    () => [{ aborted: false }],
  ),
  row('topKAccuracy', nn.topKAccuracy, () => [2]),
  row('trainedBy', nn.trainedBy, () => [model()]),
  row('warmUp', nn.warmUp, () => [{ steps: 2, next: nn.cosine() }]),
  row('writeSafetensors', nn.writeSafetensors, () => [new Map([['a', scores()]]), { a: 'b' }]),
  made('new Activation', nn.Activation, () => ['relu', {}]),
  made('new Adam', nn.Adam, () => [{ lr: 1 }]),
  made('new AdamW', nn.AdamW, () => [{ lr: 1 }]),
  made('new AvgPool2d', nn.AvgPool2d, () => [{ size: 2 }]),
  made('new BatchNorm', nn.BatchNorm, () => [{ features: 2 }, { device: cpu() }]),
  made('new ConfusionMatrix', nn.ConfusionMatrix, () => [1, new Float64Array(1), new Float64Array(1)]),
  made('new Conv2d', nn.Conv2d, () => [{ in: 1, out: 1, kernel: 1 }, { device: cpu() }]),
  made('new Dropout', nn.Dropout, () => [{ p: 0.5 }]),
  made('new Embedding', nn.Embedding, () => [{ count: 2, size: 2 }, { device: cpu() }]),
  made('new Evaluator', nn.Evaluator, () => [model(), data(), { accuracy: nn.accuracy }, 2]),
  row(
    'new Flatten',
    () => new nn.Flatten(),
    () => [],
  ),
  row(
    'new GlobalAvgPool',
    () => new nn.GlobalAvgPool(),
    () => [],
  ),
  row('cacheBytes', nn.cacheBytes, () => ['int8', 4]),
  made('new AttentionCache', nn.AttentionCache, () => [
    new nn.SelfAttention({ width: 4, heads: 2, causal: true }),
    { capacity: 2, lead: [1] },
  ]),
  made('new PositionEmbedding', nn.PositionEmbedding, () => [{ count: 2, size: 3 }, { device: cpu() }]),
  made('new SelfAttention', nn.SelfAttention, () => [{ width: 4, heads: 2 }, { device: cpu() }]),
  made('new LayerNorm', nn.LayerNorm, () => [{ shape: 2 }, { device: cpu() }]),
  made('new Linear', nn.Linear, () => [
    { in: 1, out: 1 },
    { device: cpu(), dtype: 'f32' },
  ]),
  made('new MaxPool2d', nn.MaxPool2d, () => [{ size: 2 }]),
  made('new Pad2d', nn.Pad2d, () => [{ padding: 1 }]),
  made('new Parameter', nn.Parameter, () => [scores()]),
  made('new RMSProp', nn.RMSProp, () => [{ lr: 1 }]),
  made('new Residual', nn.Residual, () => [model(), model()]),
  made('new SGD', nn.SGD, () => [{ lr: 1 }]),
  made('new Sequential', nn.Sequential, () => [[model(), model()]]),
  row(
    'ConfusionMatrix.add',
    (a, b) => matrix().add(a, b),
    () => [
      [0, 1],
      [1, 1],
    ],
  ),
  row(
    'ConfusionMatrix.f1',
    (a) => matrix().f1(a),
    () => ['macro'],
  ),
  row(
    'Module.load',
    (a) => model().load(a),
    () => [model().state()],
  ),
  row(
    'Module.seed',
    (a) => model().seed(a),
    () => [1],
  ),
  row(
    'Optimizer.attach',
    (a) => optimizer().attach(a),
    () => [model().namedParameters()],
  ),
  row(
    'Optimizer.load',
    (a) => optimizer().load(a),
    () => [optimizer().state()],
  ),
  row(
    'Optimizer.setLearningRate',
    (a) => optimizer().setLearningRate(a),
    () => [1],
  ),
  row(
    'Optimizer.step',
    (a) => optimizer().step(a),
    () => [[scores(), tensor([1, 2])]],
  ),
  row(
    'Parameter.tie',
    (a) => new nn.Parameter(scores()).tie(a),
    () => [new nn.Parameter(scores())],
  ),
];
