import { nodeGpu } from './src/devices/webgpu/node-host.ts';
import { createWebGpuDevice } from './src/devices/webgpu/webgpu-device.ts';
const gpu = (await nodeGpu())!;
const d = await createWebGpuDevice({ gpu, ...(process.argv[2] ? {tuning: process.argv[2] as any} : {}) });
const f32 = (access: string) => ({dtype: 'f32', access});
const L = (binding: number, strides: number[]) => ({kind:'load',access:{binding,offset:0,strides},dtype:'f32'});
const mm = (m: number, n: number, k: number) => ({ kind: 'matmul', bindings: [f32('read'),f32('read'),f32('write')], batch: [], m,n,k, a:{binding:0,offset:0,strides:[k,1]}, b:{binding:1,offset:0,strides:[n,1]}, out:{binding:2,offset:0,strides:[n,1]}});
const N = 4*2**20;
const cases: [string, any, number[], number, string][] = [
 ['x*y+z 4M', {kind:'loop',bindings:[f32('read'),f32('read'),f32('read'),f32('write')],outer:[N],inner:[],body:[L(0,[1]),L(1,[1]),L(2,[1]),{kind:'scalar',op:'mul',args:[0,1],dtype:'f32'},{kind:'scalar',op:'add',args:[3,2],dtype:'f32'},{kind:'store',access:{binding:3,offset:0,strides:[1]},arg:4,each:'point'}]}, [N,N,N,N], 16*N, 'GB/s'],
 ['tanh 4M', {kind:'loop',bindings:[f32('read'),f32('write')],outer:[N],inner:[],body:[L(0,[1]),{kind:'scalar',op:'tanh',args:[0],dtype:'f32'},{kind:'store',access:{binding:1,offset:0,strides:[1]},arg:1,each:'point'}]}, [N,N], 8*N, 'GB/s'],
 ['softmax 4096x1024', {kind:'loop',bindings:[f32('read'),f32('write')],outer:[4096],inner:[1024],body:[L(0,[1024,1]),{kind:'reduce',op:'max',arg:0,dtype:'f32'},{kind:'scalar',op:'sub',args:[0,1],dtype:'f32'},{kind:'scalar',op:'exp',args:[2],dtype:'f32'},{kind:'reduce',op:'sum',arg:3,dtype:'f32'},{kind:'scalar',op:'div',args:[3,4],dtype:'f32'},{kind:'store',access:{binding:1,offset:0,strides:[1024,1]},arg:5,each:'point'}]}, [N,N], 8*N, 'GB/s'],
 ['sum cols 1024x4096', {kind:'loop',bindings:[f32('read'),f32('write')],outer:[4096],inner:[1024],body:[L(0,[1,4096]),{kind:'reduce',op:'sum',arg:0,dtype:'f32'},{kind:'store',access:{binding:1,offset:0,strides:[1,0]},arg:1,each:'row'}]}, [N,4096], 4*N, 'GB/s'],
 ['sum all 4M', {kind:'loop',bindings:[f32('read'),f32('write')],outer:[],inner:[N],body:[L(0,[1]),{kind:'reduce',op:'sum',arg:0,dtype:'f32'},{kind:'store',access:{binding:1,offset:0,strides:[0]},arg:1,each:'row'}]}, [N,4], 4*N, 'GB/s'],
 ['matvec 4096', mm(1,4096,4096), [4096,4096*4096,4096], 4*4096*4096, 'GB/s'],
 ['matmul 256', mm(256,256,256), [65536,65536,65536], 2*256**3, 'GF/s'],
 ['matmul 512', mm(512,512,512), [2**18,2**18,2**18], 2*512**3, 'GF/s'],
 ['matmul 1024', mm(1024,1024,1024), [2**20,2**20,2**20], 2*1024**3, 'GF/s'],
 ['mlp 128x784x256', mm(128,256,784), [128*784,784*256,128*256], 2*128*256*784, 'GF/s'],
 ['mlp 128x256x10', mm(128,10,256), [128*256,2560,1280], 2*128*256*10, 'GF/s'],
];
for (const [name, spec, sizes, work, unit] of cases) {
 const bufs = sizes.map((n) => d.allocate(n*4));
 sizes.forEach((n, i) => d.write(bufs[i]!, 0, new Uint8Array(new Float32Array(n).map(Math.random).buffer)));
 let t = performance.now(); const k = d.prepare(spec);
 const call = {kernel:k, ranges: bufs.map((buffer) => ({buffer,byteOffset:0,byteLength:buffer.bytes}))};
 d.run([call]); await d.synchronize(); const first = performance.now()-t;
 let best = 1e9, wall = 1e9; for (let i = 0; i < 7; i++) { t = performance.now(); const c = process.cpuUsage(); d.run([call]); await d.synchronize(); wall = Math.min(wall, performance.now()-t); const u = process.cpuUsage(c); best = Math.min(best, (u.user+u.system)/1000); }
 console.log(name.padEnd(20), 'first', first.toFixed(0).padStart(5), 'wall', wall.toFixed(1).padStart(7), 'cpu', best.toFixed(1).padStart(7), 'ms', (work/best/1e6).toFixed(2), unit+' per cpu-s');
 bufs.forEach((b) => d.free(b));
}
process.exit(0);
