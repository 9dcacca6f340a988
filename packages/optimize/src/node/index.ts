/** @espalier/optimize/node: the parts of @espalier/optimize that need a file system. */
export { folderStore, replaceModel } from './folder-store.ts';
export { sensitivityIn } from './sensitivity-file.ts';
export { folderBytes, loadOptimized, saveOptimized, type SaveOptimizedOptions } from './model-folder.ts';
export { teacherCacheIn, type TeacherCacheOptions } from './teacher-cache.ts';
