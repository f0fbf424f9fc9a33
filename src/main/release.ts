/** As package.json says; a test holds the two together. A constant, so that a bundle needs no file beside it. */
export const RELEASE = '0.1.0';
