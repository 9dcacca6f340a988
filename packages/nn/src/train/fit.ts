/** The training loop. */
import {
  ArgumentError,
  compile,
  defaultDevice,
  gradients,
  noGrad,
  ShapeError,
  type Compiled,
  type Tensor,
} from '@espalier/tensor';
import { check } from '@espalier/tensor/arguments';
import { aLossValue } from '../config/rules.ts';
import { FormatError } from '../errors.ts';
import { prepared, type Dataset, type Loaded } from '../data/dataset.ts';
import { shuffled } from '../data/order.ts';
import { noteTrainedBy } from '../loss/trained-by.ts';
import { meanLoss } from '../metrics/mean-loss.ts';
import type { Metric } from '../metrics/metric.ts';
import { callContext, type CallContext } from '../module/call-context.ts';
import { loadTensors } from '../module/load-state.ts';
import type { Module } from '../module/module.ts';
import { clip } from '../optim/clip.ts';
import { deriveSeed } from '../random/seed.ts';
import { breather } from './breathe.ts';
import { takeCharge } from './charge.ts';
import { checkTraining } from './check-options.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { Stopper } from './early-stopping.ts';
import { Evaluator, checkMetrics } from './evaluator.ts';
import { findWrongInput } from './inputs.ts';
import { LastGood } from './last-good.ts';
import { LossWatch } from './loss-watch.ts';
import type { EpochResult, FitOptions, FitResult } from './options.ts';
import { planTraining, type TrainingPlan } from './plan.ts';
import type { Position } from './position.ts';
import { throwIfAborted } from './signal.ts';
import { monotonicNow, Stopwatch } from './stopwatch.ts';
import { checkLabels, findWrongTarget } from './targets.ts';
import { viewTensors } from './views.ts';

/**
 * Trains a model. Each step (forward, backward, clipping, update) is recorded once per batch shape and replayed. The
 * same seed, data and device give the same bytes; a training resumed from a checkpoint ends with the same bytes as one
 * that was never interrupted. Until it is over nothing else trains with the optimizer, or what it trains.
 * @throws {ArgumentError} for options that do not fit and for labels that are no class, naming the example.
 * @throws {DivergenceError} when the loss is no longer finite, with the model put back to where it was after its last
 * good epoch.
 * @throws {Error} the signal's reason, when interrupted.
 *
 * @example
 * await fit(model, train, { loss: crossEntropy, optimizer: new AdamW({ lr: 1e-3 }), epochs: 3, metrics: { accuracy }, validate: test, seed: 7 });
 */
export async function fit(model: Module, data: Dataset, options: FitOptions): Promise<FitResult> {
  checkTraining(model, data, options);
  const letGo = takeCharge('fit', model, options.optimizer);
  try {
    const training = new Training(model, data, options);
    try {
      return await training.run();
    } finally {
      training.dispose();
    }
  } finally {
    letGo();
  }
}

const maxSilence = 50;

class Training {
  readonly #model: Module;
  readonly #data: Dataset;
  readonly #options: FitOptions;
  readonly #plan: TrainingPlan;
  readonly #evaluator: Evaluator<Readonly<Record<string, Metric>>> | undefined;
  readonly #stopper: Stopper | undefined;
  readonly #watch: LossWatch;
  readonly #lastGood: LastGood | undefined;
  readonly #step: Compiled<[Loaded], Tensor>;
  readonly #context: CallContext | undefined;
  readonly #epochs: EpochResult[] = [];
  #done = 0;
  /** Examples of the current epoch, and the time their steps took. It stops only where the device has done them all. */
  #seen = 0;
  readonly #clock = new Stopwatch();

  constructor(model: Module, data: Dataset, options: FitOptions) {
    const { metrics = {}, validate, earlyStopping, optimizer } = options;
    this.#model = model;
    this.#data = data;
    this.#options = options;
    this.#plan = planTraining(model, data, options);
    checkMetrics('fit', metrics);
    this.#evaluator =
      validate &&
      new Evaluator<Readonly<Record<string, Metric>>>(model, validate, { ...metrics, loss: meanLoss(options.loss) });
    this.#stopper = earlyStopping && new Stopper(earlyStopping, metrics);
    optimizer.attach(model.namedParameters());
    const tensors = model.parameters().map(({ tensor }) => tensor);
    const isDouble = tensors.some(({ dtype }) => dtype === 'f64');
    this.#watch = new LossWatch(tensors[0]?.device ?? defaultDevice(), isDouble ? 'f64' : 'f32');
    this.#lastGood = (options.divergence ?? 'stop') === 'stop' ? new LastGood(model) : undefined;
    this.#context = options.taps && callContext({ taps: options.taps });
    this.#step = compile((loaded: Loaded) => this.#record(loaded));
  }

  /** One step: what is recorded. */
  #record(loaded: Loaded): Tensor {
    const { loss, optimizer, clip: limits, onGradients } = this.#options;
    const { x, y } = prepared('fit', this.#data, loaded);
    const value = check('fit', 'what the loss gives', loss(this.#model.call(x, this.#context), y, { x }), aLossValue);
    const found = gradients(value, optimizer.parameters);
    if (onGradients)
      noGrad(() => onGradients(new Map(optimizer.parameters.map((each, index) => [each, found[index] as Tensor]))));
    optimizer.step(limits ? clip(found, limits) : found);
    this.#watch.record(value, x.shape[0] as number);
    return value;
  }

  async run(): Promise<FitResult> {
    const { epochs, resume, onEvent, loss, validate } = this.#options;
    for (const data of [this.#data, ...(validate ? [validate] : [])]) await checkLabels('fit', this.#model, data, loss);
    noteTrainedBy(this.#model, loss);
    this.#model.seed(deriveSeed(this.#plan.seed, 'dropout'));
    if (resume) this.#resume(resume);
    this.#lastGood?.keep();
    await onEvent?.({
      type: 'start',
      epochs,
      stepsPerEpoch: this.#plan.stepsPerEpoch,
      totalSteps: this.#plan.totalSteps,
      step: this.#done,
    });
    while (this.#epochs.length < epochs && !this.#isOver()) await this.#epoch(this.#epochs.length);
    const { best, bestState } = this.#stopper ?? {};
    if (bestState) this.#model.load(bestState);
    this.#model.eval();
    const stoppedBy = this.#epochs.length < epochs ? 'early-stopping' : 'epochs';
    await onEvent?.({ type: 'end', stoppedBy, epochs: this.#epochs.length });
    return { epochs: this.#epochs, steps: this.#done, stoppedBy, ...(best && { best }) };
  }

  #isOver(): boolean {
    return this.#stopper?.isOver(this.#epochs.length) ?? false;
  }

  async #epoch(index: number): Promise<void> {
    const { checkpoint, onEvent } = this.#options;
    const { stepsPerEpoch, shuffle, seed } = this.#plan;
    const order = shuffle ? shuffled(this.#data.size, seed, 'shuffle', index) : undefined;
    this.#data.order?.begin(index);
    const first = this.#done - index * stepsPerEpoch;
    this.#model.train();
    const pause = breather(maxSilence);
    const report = this.#reporter(index);
    for (let number = first; number < stepsPerEpoch; number++) {
      await this.#interruptible();
      this.#clock.start();
      await this.#oneStep(index, this.#batchOf(order, number));
      await report();
      await pause();
      if (
        checkpoint?.everySteps !== undefined &&
        this.#done % checkpoint.everySteps === 0 &&
        number < stepsPerEpoch - 1
      )
        await this.#checkpoint();
    }
    const loss = await this.#meanLoss();
    await this.#lastGood?.check(this.#done, () => this.#watch.soundness());
    await this.#finishEpoch(index, loss);
    this.#lastGood?.keep();
    if (checkpoint && ((index + 1) % (checkpoint.every ?? 1) === 0 || index + 1 === this.#options.epochs))
      await this.#checkpoint();
    const last = this.#epochs.at(-1);
    if (last) await onEvent?.({ type: 'epoch', ...last });
  }

  /** The examples of a step. Without an order none is made: of a file larger than memory, the list of its examples would be large, too. */
  #batchOf(order: Int32Array | undefined, number: number): Int32Array {
    const start = number * this.#plan.batchSize;
    const end = Math.min(start + this.#plan.batchSize, this.#data.size);
    return order?.subarray(start, end) ?? Int32Array.from({ length: end - start }, (_, index) => start + index);
  }

  async #finishEpoch(index: number, loss: number): Promise<void> {
    const seconds = this.#clock.milliseconds / 1000;
    const validation = await this.#evaluator?.measure(this.#options.signal);
    this.#stopper?.record(index + 1, validation ?? {}, () => this.#model.state());
    this.#epochs.push({
      epoch: index + 1,
      loss,
      learningRate: this.#options.optimizer.learningRate,
      ...(validation && { validation }),
      seconds,
      examplesPerSecond: this.#rate(),
    });
    this.#watch.nextEpoch();
    this.#seen = 0;
    this.#clock.reset();
  }

  /**
   * The mean loss of the epoch so far. Waits for the device and stops the clock, so that rates are of finished work.
   * @throws {ArgumentError} for a target that is none.
   * @throws {DivergenceError} for any other loss that is not finite, unless that is wanted.
   */
  async #meanLoss(): Promise<number> {
    const total = await this.#watch.total();
    this.#clock.stop();
    if (!Number.isFinite(total) && this.#lastGood) {
      this.#lastGood.restore();
      await findWrongTarget('fit', this.#model, this.#data, this.#options.loss);
      const input = await findWrongInput(this.#model, this.#data);
      throw this.#lastGood.divergence(total, await this.#watch.soundness(), input);
    }
    return total / Math.max(1, this.#seen);
  }

  /** Examples per second of the epoch so far. */
  #rate(): number {
    return (1000 * this.#seen) / Math.max(1, this.#clock.milliseconds);
  }

  /** Everything between two steps that is not the step. */
  async #interruptible(): Promise<void> {
    const { signal, checkpoint } = this.#options;
    if (!signal?.aborted) return;
    if (checkpoint) await this.#checkpoint();
    throwIfAborted(signal);
  }

  async #oneStep(epoch: number, part: Int32Array): Promise<void> {
    const { optimizer, beforeStep } = this.#options;
    const { totalSteps, stepsPerEpoch, schedule } = this.#plan;
    const learningRate = optimizer.lr * schedule.at(this.#done, { totalSteps, stepsPerEpoch });
    const waiting = beforeStep?.({ epoch: epoch + 1, step: this.#done, totalSteps, stepsPerEpoch, learningRate });
    if (waiting) await waiting;
    optimizer.setLearningRate(learningRate);
    const pending = this.#data.load(part);
    const loaded = pending instanceof Promise ? await pending : pending;
    try {
      this.#step(loaded).dispose();
    } catch (error) {
      // A label of no class, which the loss saw before it computed anything: said with its example.
      if (!(error instanceof ArgumentError || error instanceof ShapeError)) throw error;
      this.#lastGood?.restore();
      await findWrongTarget('fit', this.#model, this.#data, this.#options.loss);
      throw error;
    }
    for (const tensor of Object.values(loaded)) tensor.dispose();
    this.#done++;
    this.#seen += part.length;
  }

  /** Reports progress now and then: each report waits for the device. */
  #reporter(index: number): () => Promise<void> | undefined {
    const { onEvent, progressEvery = 200, optimizer } = this.#options;
    if (!onEvent) return () => undefined;
    let last = monotonicNow();
    const report = async (): Promise<void> => {
      const loss = await this.#meanLoss();
      const step = this.#done;
      const { totalSteps } = this.#plan;
      await onEvent({
        type: 'progress',
        epoch: index + 1,
        step,
        totalSteps,
        loss,
        learningRate: optimizer.learningRate,
        examplesPerSecond: this.#rate(),
      });
    };
    return () => {
      const now = monotonicNow();
      if (now - last < progressEvery) return undefined;
      last = now;
      return report();
    };
  }

  async #checkpoint(): Promise<void> {
    const { checkpoint, optimizer, onEvent } = this.#options;
    await this.#meanLoss();
    const best = this.#stopper?.best;
    const position: Position = {
      fingerprint: this.#plan.fingerprint,
      step: this.#done,
      learningRate: optimizer.learningRate,
      seconds: this.#clock.milliseconds / 1000,
      epochs: this.#epochs,
      generators: Object.fromEntries(
        [...this.#model.namedGenerators()].map(([name, generator]) => [name, generator.state()]),
      ),
      ...(best && { best }),
    };
    const remembered = optimizer.state();
    const bytes = await encodeCheckpoint(position, {
      model: this.#model.rawTensors(),
      views: viewTensors(this.#model),
      optimizer: remembered,
      loss: new Map([['sum', this.#watch.sum]]),
      best: this.#stopper?.bestState ?? new Map<string, Tensor>(),
    });
    for (const tensor of remembered.values()) tensor.dispose();
    await checkpoint?.save(bytes);
    await onEvent?.({ type: 'checkpoint', step: this.#done, bytes: bytes.length });
  }

  #resume(bytes: Uint8Array): void {
    const { optimizer } = this.#options;
    const { position, sections } = decodeCheckpoint(bytes, this.#watch.sum.device, this.#plan.fingerprint);
    const left = position.step - position.epochs.length * this.#plan.stepsPerEpoch;
    if (left < 0 || left > this.#plan.stepsPerEpoch)
      throw new FormatError(
        'checkpoint',
        8,
        `it is at step ${position.step} after ${position.epochs.length} epochs of ${this.#plan.stepsPerEpoch} steps, which cannot be; use another checkpoint`,
      );
    this.#model.load(sections.model);
    if (sections.views.size > 0) loadTensors('fit', viewTensors(this.#model), sections.views);
    optimizer.load(sections.optimizer);
    optimizer.setLearningRate(position.learningRate);
    this.#watch.resume(position.step, sections.loss.get('sum'));
    for (const [name, generator] of this.#model.namedGenerators())
      generator.setState(position.generators[name] ?? generator.state());
    this.#stopper?.restore(position.best, sections.best.size > 0 ? sections.best : undefined);
    this.#epochs.push(...position.epochs);
    this.#done = position.step;
    this.#seen = (this.#done - this.#epochs.length * this.#plan.stepsPerEpoch) * this.#plan.batchSize;
    this.#clock.reset(position.seconds * 1000);
  }

  dispose(): void {
    this.#step.dispose();
    this.#evaluator?.dispose();
    this.#stopper?.dispose();
    this.#lastGood?.dispose();
    this.#watch.dispose();
  }
}
