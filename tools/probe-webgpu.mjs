// Prints the description of Dawn's WebGPU adapter, or fails where there is none.
import { create } from 'webgpu';

const adapter = await create([]).requestAdapter();
if (!adapter) process.exit(1);
console.log(adapter.info.description || adapter.info.device || adapter.info.vendor);
