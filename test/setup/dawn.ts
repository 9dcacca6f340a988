// Gives Node the `navigator.gpu` of a browser, through Dawn, and refuses to start on another adapter than the one asked for.
import { create, globals } from 'webgpu';

declare global {
  // A global is seen by other files only when declared by `var`.
  // oxlint-disable-next-line no-var
  var navigator: Navigator;
}

/** How often Dawn asks without a pause, which takes less than a millisecond: results of most kernels are there by then. */
const eagerly = 100;
const immediately = globalThis.setImmediate;
let isAsking = false;
let asked = 0;
/**
 * Dawn finds out by `setImmediate`, over and over, whether something is done. While a driver compiles a kernel in a thread of
 * its own, that took a whole processor from it, and from the tests beside: what asks again for long does so each millisecond.
 */
function setImmediatePatiently(ask: (...args: unknown[]) => void, ...args: unknown[]): unknown {
  asked = isAsking ? asked + 1 : 0;
  const run = (): void => {
    isAsking = true;
    try {
      ask(...args);
    } finally {
      isAsking = false;
    }
  };
  return asked < eagerly ? immediately(run) : setTimeout(run, 1);
}
Object.assign(globalThis, { setImmediate: setImmediatePatiently });

Object.assign(globalThis, globals);
const gpu = create([]);
// Node 20 has no navigator; later ones have one that refuses assignment.
const host: object = Reflect.get(globalThis, 'navigator') ?? {};
Object.defineProperty(host, 'gpu', { value: gpu, configurable: true });
Object.defineProperty(globalThis, 'navigator', { value: host, configurable: true });

const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error('dawn: no WebGPU adapter: install a Vulkan driver, or leave out the project "dawn"');

const { description, vendor } = adapter.info;
const wantsLavapipe = process.env['VK_DRIVER_FILES']?.endsWith('/lvp_icd.json') ?? false;
if (wantsLavapipe && !description.startsWith('llvmpipe')) {
  throw new Error(`dawn: asked the Vulkan loader for llvmpipe, got "${description}" of ${vendor}`);
}
