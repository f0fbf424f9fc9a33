/**
 * Markdown whose paragraphs and items are lines, of one that is broken where the sources need it: whoever shows the OpenAPI document
 * may take each line break for one.
 */
export const prose = (text: string): string => text.replaceAll(/(?<=\S)\n(?![\n|]|- )/g, ' ');
