import fc from "fast-check";
import { expect, test } from "vitest";
import { type Line, LineSplitter } from "../src/source/line-splitter.ts";

const line = fc.string({ unit: fc.constantFrom("a", "ß", "…", ",", "\r", " "), maxLength: 12 });

test("lines and their places are the same however the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(line), fc.boolean(), fc.array(fc.nat(9)), (lines, ends, cuts) => {
      const bytes = Buffer.from(lines.join("\n") + (ends ? "\n" : ""));
      const splitter = new LineSplitter(100);
      const found: Line[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        found.push(...splitter.push(bytes.subarray(at, at + cut)));
        at += cut;
      }
      found.push(...splitter.end());
      const expected = bytes.toString().split("\n");
      if (expected.at(-1) === "") expected.pop();
      expect(found.map(({ text }) => text)).toEqual(expected.map((text) => text.replace(/\r$/, "")));
      for (const { text, start, end } of found) {
        expect(
          bytes
            .subarray(start - 100, end - 100)
            .toString()
            .replace(/\n$/, "")
            .replace(/\r$/, ""),
        ).toBe(text);
      }
      expect(found.every(({ start }, i) => start === (i === 0 ? 100 : found[i - 1]!.end))).toBe(true);
    }),
  );
});
