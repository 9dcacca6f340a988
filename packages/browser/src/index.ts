/**
 * @espalier/browser: everything that runs in a page or a worker, as one module file. Names are those of `@espalier/tensor`,
 * `@espalier/nn` and `@espalier/optimize`; those of `@espalier/search` are in `search`, since some are taken.
 */
export * from '@espalier/tensor';
export * from '@espalier/nn';
export * from '@espalier/optimize';
export * as search from '@espalier/search';
