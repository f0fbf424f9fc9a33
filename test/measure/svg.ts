/** Between black and white, so that it can be read on either. */
export const INK = '#7d8590';

/** As text or an attribute of SVG. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0) ?? 0};`);
