/** Renews the claims of a worker while it computes, so that a lease that runs out means that it is gone. */
import type { ClaimToken, Storage } from '../storage/storage.ts';
import type { KeepAlive } from '../storage/keep-alive.ts';
import { addStoragePackage } from '../storage/storage-package.ts';
import { storageType } from '../storage/storage-types.ts';

/** What every host has, and TypeScript's own library does not tell of. */
const host = globalThis as unknown as {
  setInterval(callback: () => void, milliseconds: number): unknown;
  clearInterval(timer: unknown): void;
};

/** How often a claim is renewed within its lease: two renewals may fail. */
const renewalsPerLease = 3;

/** The claims in hand, renewed as often as their lease asks for. */
export function renewClaims(storage: Storage, study: string, lease: number): KeepAlive {
  const claims = new Map<number, ClaimToken>();
  let renewing = false;
  const drop = ({ number, attempt }: ClaimToken): void => {
    if (claims.get(number)?.attempt === attempt) claims.delete(number);
  };
  const renew = async (): Promise<void> => {
    if (renewing || claims.size === 0) return;
    renewing = true;
    try {
      for (const claim of await storage.renew(study, [...claims.values()], lease)) drop(claim);
    } catch {
      // The next time may do better; if none does, the claims run out, and writes under them say so.
    } finally {
      renewing = false;
    }
  };
  const timer = host.setInterval(() => void renew(), lease / renewalsPerLease);
  return {
    hold: ({ number, attempt }) => void claims.set(number, { number, attempt }),
    drop,
    close: async () => host.clearInterval(timer),
  };
}

/**
 * Renews claims on a storage: as its kind does, such as in a thread of its own that goes on while the objective computes,
 * where others can open the storage; else by a timer.
 */
export async function keepClaims(storage: Storage, study: string, lease: number): Promise<KeepAlive> {
  if (storage.shared !== true) return renewClaims(storage, study, lease);
  const { url } = storage;
  const scheme = url.slice(0, url.indexOf(':'));
  // One that was not opened by its URL may be of that package, or of somebody's who registered nothing.
  if (storageType(scheme) === undefined) await addStoragePackage(url).catch(() => undefined);
  return storageType(scheme)?.keepAlive?.(url, study, lease) ?? renewClaims(storage, study, lease);
}
