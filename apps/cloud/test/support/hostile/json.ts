import { type Draw, pick } from "../../../../../packages/codec/test/support/hostile-draws.ts";

const LEAVES = [
  ...["null", "true", "-0", "1e999", "-1e999", "9007199254740993", "0.1e-999", '""', '"\\u0000"', '"\\ud800"'],
  ...['"\\r\\nX-Injected: 1"', '"../../etc/passwd"', '"<script>alert(1)</script>"', "{}", "[]", '"__proto__"'],
];
const KEYS = ["__proto__", "constructor", "prototype", "toString", "device", "id", "", "a", "length", "then", "toJSON"];

/** JSON of the kinds that make a reader of it stumble: prototypes, depth, numbers without end, or JSON that is none. */
export function hostileJson(draw: Draw): string {
  const broken = ["{", "[", '"', "{]", "nul", '{"a":}', "\u0000", "[1,]", '{"a":1,"a":2}'];
  const deep = (): string => `${"[".repeat(20_000)}${"]".repeat(draw(2) * 20_000)}`;
  const polluting = `{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`;
  return pick(draw, [() => tree(draw, 4), () => pick(draw, broken), deep, () => polluting])();
}

function tree(draw: Draw, depth: number): string {
  if (depth === 0 || draw(3) === 0) return pick(draw, LEAVES);
  const parts = Array.from({ length: draw(4) }, () => tree(draw, depth - 1));
  if (draw(2) === 0) return `[${parts.join(",")}]`;
  return `{${parts.map((part) => `${JSON.stringify(pick(draw, KEYS))}:${part}`).join(",")}}`;
}
