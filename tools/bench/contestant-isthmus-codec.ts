// usage: contestant-isthmus-codec.ts
// Codes symbols under the tables of their channels by rANS, or decodes them.
import { decodeSymbols, encodeSymbols } from "@isthmus/codec";
import { codedSymbols } from "./coded-symbols.ts";
import { magnitude, repeated, serve } from "./serve.ts";

const { node, v8 } = process.versions;

await serve({ node, v8 }, ({ count, channels, direction }) => {
  const { symbols, tables } = codedSymbols(count as number, channels as number);
  const decoded = new Int32Array(symbols.length);
  let payload = encodeSymbols(symbols, tables);
  const decode = (): void => decodeSymbols(payload, tables, decoded);
  return {
    run: repeated(direction === "encode" ? () => void (payload = encodeSymbols(symbols, tables)) : decode),
    value: () => {
      decode();
      return magnitude(decoded);
    },
  };
});
