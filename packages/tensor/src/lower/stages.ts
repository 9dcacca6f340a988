/** What travels through the lowering: one value, to which each stage adds what it finds, for the stages after it. */
import type { Device } from '../device/device.ts';
import type { Draft, InPlace } from './draft.ts';
import type { Epilogues } from './epilogues.ts';
import type { ExtraValues } from './extra-values.ts';
import type { Group } from './fuse.ts';
import type { GraphView } from './graph-view.ts';
import type { Overwrites } from './in-place.ts';
import type { Sources } from './sources.ts';

/** A graph, where it is to run, and how. */
export interface Asked {
  readonly view: GraphView;
  readonly device: Device;
  /** Targets that are views may share memory with what they view. */
  readonly aliasTargets: boolean;
  readonly overwrites: Overwrites;
}

/** `resolveSources`: views are seen through. */
export interface Resolved extends Asked {
  readonly sources: Sources;
  /** Position of the node that holds the elements of each target. */
  readonly bases: readonly number[];
}

/** `fuse`: what shares a kernel. */
export interface Fused extends Resolved {
  readonly groups: readonly Group[];
}

/** `schedule`: in which order the groups run. */
export interface Scheduled extends Fused {
  readonly order: readonly Group[];
}

/** `findEpilogues`: which contractions run in the kernel of what follows them. */
export interface Finished extends Scheduled {
  readonly epilogues: Epilogues;
}

/** `findInPlace`: which values are written over old ones. */
export interface Overwriting extends Finished {
  readonly inPlace: InPlace;
}

/** `draftKernels`: the kernels, as specs with the values they bind. `bindBuffers` makes a plan of it. */
export interface Drafted extends Overwriting {
  readonly drafts: readonly Draft[];
  readonly extra: ExtraValues;
}
