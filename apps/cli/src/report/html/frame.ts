/** The frame of all pages: one that needs nothing beside itself, with a heading, what it is about, and its sections. */
import { html, type Markup } from './markup.ts';
import { styleSheet } from './style.ts';

/** A whole page: styles and charts are in it, scripts are not. */
export function page(name: string, lead: Markup, content: Markup): string {
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${name} · espalier</title>
        <style>
          ${{ markup: styleSheet }}
        </style>
      </head>
      <body>
        <h1>${name}</h1>
        <p class="soft">${lead}</p>
        <main>${content}</main>
      </body>
    </html> `;
  return markup;
}
