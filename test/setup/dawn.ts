// Gives Node the `navigator.gpu` of a browser, through Dawn, and refuses to start on another adapter than the one asked for.
import { create, globals } from 'webgpu';

declare global {
  // A global is seen by other files only when declared by `var`.
  // oxlint-disable-next-line no-var
  var navigator: Navigator;
}

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
