/** The parts that a candidate's choices consist of, each with the values it may take: names are those that are registered. */
import { Activation, activationNames, buildSchedule, initialiser, initialiserTypes, scheduleTypes } from '@espalier/nn';
import { knownName, oneOf, wholeNumber, type Field } from '../fields.ts';

/** The shape of a convolutional network: convolution blocks, then a hidden layer, then the classes. */
export type ArchitectureDimension = 'blocks' | 'channels' | 'kernel' | 'hidden' | 'activation' | 'batchNorm';

/** An activation function, with its default settings. */
export const activationSlot: Field = knownName(
  'the name of an activation',
  activationNames,
  (name) => new Activation(name),
);

/** What each part of a convolutional architecture may be. */
export const architectureSlots: Readonly<Record<ArchitectureDimension, Field>> = {
  blocks: wholeNumber(1, 3),
  channels: wholeNumber(1, 128),
  kernel: oneOf([1, 3, 5, 7]),
  hidden: wholeNumber(0, 2048),
  activation: activationSlot,
  batchNorm: oneOf([true, false]),
};

/** The initialisers a search may choose from. */
export const initialiserSlot: Field = knownName('the name of an initialiser', initialiserTypes, (name) =>
  initialiser(name),
);

/** What else a training strategy consists of. */
export const trainingSlots: Readonly<Record<'schedule' | 'batch', Field>> = {
  schedule: knownName('the name of a schedule', scheduleTypes, (name) => buildSchedule(name)),
  batch: wholeNumber(1, 4096),
};
