import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { bytes, decoded, values } from "./readme-example.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

it("the README shows the example that runs here", () => {
  expect(read("../README.md")).toContain(read("./readme-example.ts").replace(/^export const (\w+)(: \w+)?/gm, "const $1").trim());
});

it("the example does what its comments say", () => {
  expect([decoded.items, decoded.dims, decoded.symbols.length]).toEqual([1000, 2, 2000]);
  expect(bytes.length).toBeLessThan(2000 * 4);
  const worst = Math.max(...values.map((value, i) => Math.abs(value - Math.fround(Math.sin(i) * (1 + (i % 2))))));
  expect(worst).toBeLessThanOrEqual(0.125);
});
