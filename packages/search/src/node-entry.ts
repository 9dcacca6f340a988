import type { ClaimToken, Storage } from './storage/storage.ts';

/** Keeps claims in force while their trials run. */
export interface KeepAlive {
  /** Renews a claim from now on. */
  hold(claim: ClaimToken): void;
  /** Renews it no longer. */
  drop(claim: ClaimToken): void;
  close(): Promise<void>;
}

/** What the rest of the package uses of its node entry. */
export interface NodeEntry {
  openFileStorage(url: string): Promise<Storage>;
  keepAlive(url: string, study: string, lease: number): Promise<KeepAlive>;
}

/** A variable, so that a bundler for the browser does not follow it. */
const name = '@espalier/search/node';

/** The node entry; rejects where there is no Node. */
export async function loadNodeEntry(): Promise<NodeEntry> {
  return (await import(/* @vite-ignore */ name)) as NodeEntry;
}
