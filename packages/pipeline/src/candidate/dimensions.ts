/** What the built-in pipeline may search: each dimension of a candidate, and the values that it may have. */
import { numberWithin, oneOf, wholeNumber, type Field } from '../fields.ts';

/** The shape of a network: convolution blocks, then a hidden layer, then the classes. */
export type ArchitectureDimension = 'blocks' | 'channels' | 'kernel' | 'hidden' | 'activation' | 'batchNorm';

/** What each part of an architecture may be. */
export const architectureSlots: Readonly<Record<ArchitectureDimension, Field>> = {
  blocks: wholeNumber(1, 3),
  channels: wholeNumber(1, 128),
  kernel: oneOf([1, 3, 5, 7]),
  hidden: wholeNumber(0, 2048),
  activation: oneOf(['relu', 'elu', 'gelu', 'silu', 'tanh']),
  batchNorm: oneOf([true, false]),
};

/** The initialisers a search may choose from. */
export const initialiserSlot: Field = oneOf([
  'kaiming-normal',
  'kaiming-uniform',
  'xavier-normal',
  'xavier-uniform',
  'lecun-normal',
  'orthogonal',
]);

/** The optimizers a search may choose from, each with what it can vary. */
export const optimizerSlots: Readonly<{
  sgd: Readonly<Record<'lr' | 'momentum', Field>>;
  adam: Readonly<Record<'lr', Field>>;
  adamw: Readonly<Record<'lr' | 'weightDecay', Field>>;
}> = {
  sgd: { lr: numberWithin(1e-6, 10), momentum: numberWithin(0, 0.999) },
  adam: { lr: numberWithin(1e-6, 1) },
  adamw: { lr: numberWithin(1e-6, 1), weightDecay: numberWithin(0, 1) },
};

/** What else a training strategy consists of. */
export const trainingSlots: Readonly<Record<'schedule' | 'batch', Field>> = {
  schedule: oneOf(['constant', 'cosine', 'one-cycle']),
  batch: wholeNumber(1, 4096),
};
