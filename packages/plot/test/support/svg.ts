import { expect } from "vitest";

/** The texts of a drawing, in order. */
export function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);
}

/** Where a text is anchored. */
export function placeOf(svg: string, text: string): { x: number; y: number } {
  const tag = [...svg.matchAll(/<text([^>]*)>([^<]*)<\/text>/g)].find(([, , words]) => words === text)?.[1];
  const [, x, y] = /translate\(([-\d.]+) ([-\d.]+)\)/.exec(tag ?? "") ?? [];
  return { x: Number(x), y: Number(y) };
}

/** The pairs of numbers of every path stroked with this colour that is no part of the legend or an axis. */
export function strokes(svg: string, colour: string): [number, number][][] {
  return [...svg.matchAll(/<path d="(M[^"]*)"([^>]*)>/g)]
    .filter(([, , rest]) => rest!.includes(`stroke="${colour}"`) && !rest!.includes("transform="))
    .map(([, path]) => points(path!));
}

function points(path: string): [number, number][] {
  return [...path.matchAll(/(-?[\d.]+)[ ,](-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

/** Holds a drawing to what all of them promise. */
export function expectSound(svg: string, title: string): void {
  expect(svg).toMatch(
    /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+" viewBox="0 0 \d+ \d+" role="img">/,
  );
  expect(svg).toContain(`<title>${title}</title>`);
  expect(svg).not.toMatch(/NaN|undefined|<script|<style|onclick|zr\d|ecmeta|class=/);
  // Nothing is fetched: the only address is the name of the format.
  expect(svg.match(/https?:/g)).toEqual(["http:"]);
  const ids = [...svg.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, id] of svg.matchAll(/url\(#([^)]*)\)/g)) expect(ids).toContain(id);
  expectBalanced(svg);
}

/** Every tag is closed, in its turn. */
function expectBalanced(svg: string): void {
  const open: string[] = [];
  for (const [, closing, name, empty] of svg.matchAll(/<(\/?)([\w:]+)[^>]*?(\/?)>/g)) {
    if (closing) expect(open.pop()).toBe(name);
    else if (!empty) open.push(name!);
  }
  expect(open).toEqual([]);
}
