/** What renews claims. */
import type { ClaimToken } from './storage.ts';

/** Keeps claims in force while their trials run. */
export interface KeepAlive {
  /** Renews a claim from now on. */
  hold(claim: ClaimToken): void;
  /** Renews it no longer. */
  drop(claim: ClaimToken): void;
  close(): Promise<void>;
}
