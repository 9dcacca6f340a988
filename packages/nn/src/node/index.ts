/** @espalier/nn/node: the parts of @espalier/nn that need a file system. */
export { syncFolder, writeAtomically, writeFileAtomic } from './atomic.ts';
export { fileBytes } from './file-bytes.ts';
export { makeFolder } from './make-folder.ts';
export { mnist, type Mnist, type MnistOptions } from './mnist.ts';
export {
  modelFilesIn,
  loadModel,
  readModelFolder,
  saveModel,
  writeModelFiles,
  writeModelFolder,
  type SaveOptions,
} from './model-folder.ts';
export { planFolder } from './plan-folder.ts';
