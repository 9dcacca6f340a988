import { nodeGpu } from './src/devices/webgpu/node-host.ts';
import { matmulProgram } from './src/devices/webgpu/contraction/matmul-program.ts';
const gpu = (await nodeGpu())!;
const adapter = (await gpu.requestAdapter())!;
const device = await adapter.requestDevice({requiredLimits: {maxComputeInvocationsPerWorkgroup: 1024}});
device.onuncapturederror = (e) => console.log(e.error.message.slice(0, 600));
const n = 512;
const spec: any = { kind: 'matmul', bindings: [{dtype:'f32',access:'read'},{dtype:'f32',access:'read'},{dtype:'f32',access:'write'}], batch: [], m:n,n,k:n, a:{binding:0,offset:0,strides:[n,1]}, b:{binding:1,offset:0,strides:[n,1]}, out:{binding:2,offset:0,strides:[n,1]}};
const p = matmulProgram(spec, {software: true, maxInvocations: 256, workgroupBytes: 16384, maxBindings: 8});
const base = p.stages[0]!.code;
if (process.argv[2] === 'dump') { console.log(base); process.exit(0); }
const unrolled = (code: string) => {
  const i = code.indexOf('  var sums = array'); 
  let s = ''; for (let r = 0; r < 8; r++) for (let b = 0; b < 2; b++) s += `  if (row + ${r}u < ${n}u) { finish(batch, row + ${r}u, column + ${b*4}u, sum${r}_${b}); }\n`;
  return code.slice(0, i) + s + '}\n';
};
const scalarStores = (code: string) => { const i = code.indexOf('  var sums = array'); let s = ''; for (let r = 0; r < 8; r++) for (let c = 0; c < 8; c++) s += `  buffer2[(row + ${r}u) * ${n}u + column + ${c}u] = sum${r}_${c>>2}.${'xyzw'[c&3]};\n`; return code.slice(0, i) + s + '}\n'; };
const muladd = (code: string) => code.replace(/= fma\((vec4\([^)]*\)), (\w+), (\w+)\)/g, '= $1 * $2 + $3');
const muladd2 = (code: string) => code.replace(/= fma\(vec4\(([^)]*)\), (\w+), (\w+)\)/g, '= $3 + $1 * $2');
const noReturn = (code: string) => code.replace(/  if \(batch >= .*\n/, '');
const noMin = (code: string) => code.replace(/min\((row|column) \+ (\d+)u, \d+u\)/g, '$1 + $2u');
const whole = (code: string) => code.replace(/while|for \(; k \+ 4u <= 512u/, 'for (; k < 512u');
const variants: [string, (c: string) => string][] = [
  ['base', (c) => c], ['muladd2', muladd2], ['unrolled', unrolled], ['scalarStores', scalarStores], ['scalar+muladd2', (c) => muladd2(scalarStores(c))],
  ['+noReturn', (c) => noReturn(muladd2(scalarStores(c)))], ['+noMin', (c) => noMin(noReturn(muladd2(scalarStores(c))))], ['+whole', (c) => whole(noMin(noReturn(muladd2(scalarStores(c)))))],
];
const bufs = [0,1,2].map(() => device.createBuffer({size: n*n*4, usage: 0x8c}));
for (const b of bufs.slice(0,2)) device.queue.writeBuffer(b, 0, new Float32Array(n*n).map(Math.random));
const salt = Math.random();
for (const [name, f] of variants) {
  const code = f(base).replace('fn main', `const salt = ${salt};\nfn main`).replace(/@compute @workgroup_size\(64\)\nconst salt.*\nfn/, (m) => `const salt = ${salt};\n@compute @workgroup_size(64)\nfn`);
  let t = performance.now();
  const module = device.createShaderModule({code});
  const bgl = device.createBindGroupLayout({entries: [0,1,2].map((binding) => ({binding, visibility: 4, buffer: {type: binding < 2 ? 'read-only-storage' as const : 'storage' as const}}))});
  const pipeline = device.createComputePipeline({layout: device.createPipelineLayout({bindGroupLayouts: [bgl]}), compute: {module}});
  const bg = device.createBindGroup({layout: bgl, entries: bufs.map((buffer, binding) => ({binding, resource: {buffer}}))});
  const run = async () => { const e = device.createCommandEncoder(); const q = e.beginComputePass(); q.setPipeline(pipeline); q.setBindGroup(0,bg); q.dispatchWorkgroups(...p.stages[0]!.workgroups as [number,number,number]); q.end(); device.queue.submit([e.finish()]); await device.queue.onSubmittedWorkDone(); };
  await run(); const first = performance.now() - t;
  let best = 1e9; for (let i = 0; i < 6; i++) { const c = process.cpuUsage(); await run(); const u = process.cpuUsage(c); best = Math.min(best, (u.user+u.system)/1000); }
  console.log(name.padEnd(20), 'first', first.toFixed(0), 'cpu', best.toFixed(1), 'GF/cpu-s', (2*n**3/best/1e6).toFixed(2));
}
process.exit(0);
