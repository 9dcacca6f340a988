import { nodeGpu } from './src/devices/webgpu/node-host.ts';
import { createWebGpuDevice } from './src/devices/webgpu/webgpu-device.ts';
const gpu = (await nodeGpu())!;
const d = await createWebGpuDevice({ gpu, tuning: process.argv[2] as any });
for (const n of [256, 512, 1024]) {
const spec: any = { kind: 'matmul', bindings: [{dtype:'f32',access:'read'},{dtype:'f32',access:'read'},{dtype:'f32',access:'write'}], batch: [], m:n,n,k:n, a:{binding:0,offset:0,strides:[n,1]}, b:{binding:1,offset:0,strides:[n,1]}, out:{binding:2,offset:0,strides:[n,1]}};
const bufs = [0,1,2].map(() => d.allocate(n*n*4));
for (const b of bufs) d.write(b, 0, new Uint8Array(new Float32Array(n*n).map(Math.random).buffer));
let t = performance.now();
const k = d.prepare(spec);
const call = {kernel:k, ranges: bufs.map((buffer) => ({buffer,byteOffset:0,byteLength:n*n*4}))};
d.run([call]); await d.synchronize();
const first = performance.now()-t;
const reps = n < 1024 ? 10 : 4; let best = 1e9, bestc = 1e9;
for (let i = 0; i < reps; i++) { t = performance.now(); const c = process.cpuUsage(); d.run([call]); await d.synchronize(); best = Math.min(best, performance.now()-t); const u = process.cpuUsage(c); bestc = Math.min(bestc, (u.user+u.system)/1000); }
console.log(n, 'first', first.toFixed(0), 'best', best.toFixed(1), 'ms', (2*n**3/best/1e6).toFixed(1), 'GF/s wall; cpu', bestc.toFixed(1), (2*n**3/bestc/1e6).toFixed(2));
}
process.exit(0)
