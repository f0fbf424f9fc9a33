import { escaped, INK } from '../../measure/svg.ts';
import { sharesOf, type Frame, type Kind } from './frames.ts';

const WIDTH = 960;
const ROW_HEIGHT = 17;
const FONT_SIZE = 11;
/** Of any letter, for all of one width have about this one. */
const LETTER_WIDTH = 0.605 * FONT_SIZE;
const PADDING = 4;
const GAP = 0.6;
const LETTERS_MIN = 3;
const HEAD_HEIGHT = 52;
const LEGEND_STEP = WIDTH / 8;
/** What took less is not drawn: its place below the caller stays empty. */
const SHARE_MIN = 0.002;
/** On which the same dark letters can be read. */
const KINDS: Readonly<Record<Kind, { readonly title: string; readonly colour: string }>> = {
  core: { title: 'core', colour: '#f2a65a' },
  api: { title: 'api', colour: '#f3d15c' },
  wire: { title: 'wire', colour: '#ee8f80' },
  rest: { title: 'ours else', colour: '#dba6d3' },
  package: { title: 'packages', colour: '#b9cd7c' },
  node: { title: 'Node', colour: '#8fc3e6' },
  native: { title: 'native', colour: '#b4bcc6' },
  gc: { title: 'GC', colour: '#83ccab' },
};

/** Callers above those they call, as wide as the time they took together; an SVG that needs nothing else. */
export function drawFlames(title: string, root: Frame): string {
  const boxes: string[] = [];
  let depth = 0;
  const draw = (frame: Frame, x: number, row: number): void => {
    const share = frame.totalUs / root.totalUs;
    if (share < SHARE_MIN) return;
    depth = Math.max(depth, row + 1);
    boxes.push(drawBox(frame, { x, row, root }));
    let childX = x;
    for (const child of frame.children) {
      draw(child, childX, row + 1);
      childX += (WIDTH * child.totalUs) / root.totalUs;
    }
  };
  let x = 0;
  for (const frame of root.children) {
    draw(frame, x, 0);
    x += (WIDTH * frame.totalUs) / root.totalUs;
  }
  const fills = Object.entries(KINDS).map(([kind, { colour }]) => `.${kind}{fill:${colour}}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEAD_HEIGHT + depth * ROW_HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<style>text{font:${FONT_SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1b1f24}`,
    `.head{font:12px system-ui,sans-serif;fill:${INK}}.title{font-weight:600}g:hover>rect{opacity:.7}${fills.join('')}</style>`,
    `<text class="head title" x="0" y="14">${escaped(title)}</text>`,
    ...sharesOf(root).map(([kind, share], place) => drawLegend(kind, share, place * LEGEND_STEP)),
    ...boxes,
    '</svg>',
    '',
  ].join('\n');
}

/** Of each kind of code, in words. */
export function sharesText(root: Frame): string {
  return sharesOf(root)
    .map(([kind, share]) => `${KINDS[kind].title} ${percent(share)}`)
    .join(', ');
}

function drawLegend(kind: Kind, share: number, x: number): string {
  const text = `${KINDS[kind].title} ${percent(share)}`;
  return `<rect class="${kind}" x="${rounded(x)}" y="27" width="12" height="12"/><text class="head" x="${rounded(x + 17)}" y="37">${text}</text>`;
}

function drawBox(
  frame: Frame,
  { x, row, root }: { readonly x: number; readonly row: number; readonly root: Frame },
): string {
  const { name, where, kind, selfUs, totalUs } = frame;
  const width = (WIDTH * totalUs) / root.totalUs - GAP;
  const y = HEAD_HEIGHT + row * ROW_HEIGHT;
  const [share, self] = [percent(totalUs / root.totalUs), percent(selfUs / root.totalUs)];
  const label = fitting(name, where, Math.floor((width - 2 * PADDING) / LETTER_WIDTH));
  const text = label === '' ? '' : `<text x="${rounded(x + PADDING)}" y="${y + 12}">${escaped(label)}</text>`;
  const hover = escaped(`${share} (itself ${self}): ${[name, where].filter((part) => part !== '').join(', ')}`);
  return `<g><title>${hover}</title><rect class="${kind}" x="${rounded(x)}" y="${y}" width="${rounded(width)}" height="${ROW_HEIGHT - 1}"/>${text}</g>`;
}

/** The name, and the file if both have room; '': not even the beginning of the name has. */
function fitting(name: string, where: string, letters: number): string {
  const whole = `${name}  ${where}`;
  if (where !== '' && whole.length <= letters) return whole;
  if (name.length <= letters) return name;
  return letters < LETTERS_MIN ? '' : `${name.slice(0, letters - 1)}…`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const rounded = (value: number): number => Math.round(value * 10) / 10;
