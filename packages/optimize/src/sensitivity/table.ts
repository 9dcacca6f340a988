/** What is known of how each layer takes each way of making it smaller. */
import type { StepConfig } from '../recipe/pass.ts';

/** One way to make a layer smaller, and what comes of it. */
export interface SensitivityOption {
  /** The pass that does it, as JSON; null for the layer as it is. */
  readonly config: StepConfig | null;
  /** How much worse the model is with this layer alone changed: 0 for no difference, below 0 where it is better. */
  readonly damage: number;
  /** What the layer takes in a file then. */
  readonly bytes: number;
  /** What the layer takes of time then, where it was measured. */
  readonly milliseconds?: number;
}

/** A layer, and what can be done to it. */
export interface SensitivityLayer {
  /** The name of the weight: `layers.1.weight`. */
  readonly name: string;
  readonly options: readonly SensitivityOption[];
}

/** Layer × option → damage, bytes and time: measured once, and asked as often as there are budgets. */
export interface SensitivityTable {
  /** A digest of the model that it was measured of, where that is known. */
  readonly model?: string;
  readonly layers: readonly SensitivityLayer[];
}
