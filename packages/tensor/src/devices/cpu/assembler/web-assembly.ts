/**
 * The part of the WebAssembly JavaScript API this device uses, typed here because the core packages are compiled
 * without the DOM library and must not add to anyone's global types.
 */

/** A linear memory; `buffer` is replaced when an unshared memory grows. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** A compiled module; it may be posted to worker threads. */
export type WasmModule = object;

/** What a module is given and what it gives back. */
export type WasmImports = Record<string, Record<string, unknown>>;

interface WasmApi {
  readonly Memory: new (descriptor: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: WasmImports) => { readonly exports: Record<string, unknown> };
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}

/** The engine's `WebAssembly` object. */
export const webAssembly: WasmApi = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;
