// Links in documents that are read far from the repository.
import { posix } from 'node:path';

/**
 * A document whose links out of its package lead to the repository.
 *
 * @param {string} markdown
 * @param {string} folder the package's, from the root
 * @param {string} repository its address as package.json gives it: `git+https://HOST/PROJECT.git`
 * @returns {string}
 */
export function absoluteLinks(markdown, folder, repository) {
  const home = repository.replace(/^git\+/, '').replace(/\.git$/, '');
  return markdown.replaceAll(
    /\]\((\.\.\/[^)\s]*)\)/g,
    (_, target) => `](${home}/blob/main/${posix.join(folder, target)})`,
  );
}
