// usage: contestant-thing-codec.ts
// Codes the same symbols as bytes with the range coder of @thi.ng, which learns one table as it goes.
import { decodeBytes, encodeBytes } from "@thi.ng/range-coder";
import { codedSymbols } from "./coded-symbols.ts";
import { magnitude, repeated, serve } from "./serve.ts";

const { node, v8 } = process.versions;

await serve({ node, v8 }, ({ count, channels, direction }) => {
  const { symbols } = codedSymbols(count as number, channels as number);
  const bytes = Uint8Array.from(symbols, (symbol) => symbol & 255);
  let payload = encodeBytes(bytes);
  let decoded = bytes;
  const decode = (): void => void (decoded = decodeBytes(payload) as typeof bytes);
  return {
    run: repeated(direction === "encode" ? () => void (payload = encodeBytes(bytes)) : decode),
    value: () => {
      decode();
      return magnitude(new Int8Array(decoded));
    },
  };
});
