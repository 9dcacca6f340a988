/** HTML that cannot be broken out of: whatever is put into a template is escaped unless it is markup itself. */
import { visible } from '../../terminal/visible.ts';

/** A piece of HTML, its texts already escaped. */
export interface Markup {
  readonly markup: string;
}

/** What may stand in a template: text and numbers are escaped, markup and lists of it are taken as they are. */
export type Insert = string | number | Markup | readonly Markup[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return visible(text).replaceAll(/[&<>"']/gu, (character) => entities[character] ?? character);
}

function render(insert: Insert): string {
  if (typeof insert === 'string' || typeof insert === 'number') return escape(String(insert));
  return 'markup' in insert ? insert.markup : insert.map(({ markup }) => markup).join('');
}

/** A template of HTML that escapes what is put into it. */
export function html(strings: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  const parts = strings.map((text, index) => text + (index < inserts.length ? render(inserts[index] ?? '') : ''));
  return { markup: parts.join('') };
}

/** No markup. */
export const nothing: Markup = { markup: '' };
